/* What the demos share: telling a story step by step, with the kernel's own numbers as proof. */
#ifndef DEMO_H
#define DEMO_H

#include <quire/info.h>
#include <quire/sys.h>
#include <stdbool.h>
#include <stdint.h>

#define PAGE 4096u

int demo_shared(void);
int demo_cow(void);
int demo_unmap(void);
int demo_shootdown(void);
int demo_rw(void);

/* The claim that the demo is going to prove. */
void demo_title(const char *claim);
/* One step of what the code does. */
void demo_step(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* A statement that must be true: printed with a mark; counted when it is not. */
void demo_proof(bool holds, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Prints why and ends: the demo could not be set up. */
void demo_fail(const char *what) __attribute__((noreturn));

/* The kernel's record of one page of a process (0: this one). */
struct quire_info_page demo_page(int pid, const volatile void *address);
/* This process's own record. */
struct quire_info_process demo_self(void);
struct quire_info_memory demo_memory(void);
/* Sums over all harts. */
struct quire_info_hart demo_harts(void);
/* The n-th hart for this thread; -1 if there is no such hart. */
int demo_pin(unsigned hart);
unsigned demo_hart_count(void);
/* A scratch file of that many pages, filled with `fill`; unlinked already. */
int demo_file(unsigned pages, char fill);

#endif
