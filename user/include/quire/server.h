/* How init hands servers what they need: handles at fixed numbers from QUIRE_H_SERVER on, kept over
 * fork and exec. The service port belongs to init, which gives each restarted server the same one,
 * so channels made from it and requests queued on it survive the server. */
#ifndef QUIRE_SERVER_H
#define QUIRE_SERVER_H

#include <quire/abi.h>

#define SERVER_PORT   (QUIRE_H_SERVER + 0) /* receive right of the server's service port */
#define SERVER_DEVICE (QUIRE_H_SERVER + 1) /* driver: its registers, a physical memory object */
#define SERVER_IRQ    (QUIRE_H_SERVER + 2) /* driver: its interrupt */
#define SERVER_BLOCK  (QUIRE_H_SERVER + 3) /* file server: channel to the disk driver */
#define SERVER_DMA    (QUIRE_H_SERVER + 4) /* driver: memory that its device reads and writes */
#define SERVER_INITRD (QUIRE_H_SERVER + 5) /* memory file server: the archive, for its /bin */

/* The driver's DMA memory is init's, so that it outlives a driver: its device writes there until init
 * has reset it. argv[1] is its physical address, in hexadecimal. */
#define SERVER_DMA_PAGES 24

/* File server: an anonymous memory object, empty at first, that init keeps for it and gives each restarted
 * one: what it puts there it finds again. */
#define SERVER_KEPT (QUIRE_H_SERVER + 6)

/* File server: what is mounted in its root from the start. Its arguments argv[1], argv[2] ... are
 * the names, and the handles from here on the root channels, in the same order. So a restarted
 * server has its mounts before it answers the first request; FS_MOUNT adds others later. */
#define SERVER_MOUNT	 (QUIRE_H_SERVER + 8)
#define SERVER_MOUNT_MAX 8

/* Badges that init gives to the channels it makes. A file server with one tree has its root
 * directory at the first; the memory file server has several trees. */
#define SERVER_BADGE_ROOT 2
#define MEMFS_BADGE_DEV	  2
#define MEMFS_BADGE_TMP	  3
#define MEMFS_BADGE_BIN	  4
#define MEMFS_BADGE_ROOT  5 /* in place of a disk */

/* The exit status of a server that cannot ever work with the device it was given. */
#define SERVER_EXIT_REFUSED 3

/* A channel to init that every program holds. */
#define QUIRE_H_INIT (QUIRE_HANDLE_BASE + 11)

enum init_request {
	INIT_POWEROFF = 1, /* w1 = exit status: answered at once, the shutdown follows */
};

#endif
