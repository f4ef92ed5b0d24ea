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
#define SERVER_RESOURCE (QUIRE_H_SERVER + 4) /* driver: for OBJ_CREATE_DMA */

#endif
