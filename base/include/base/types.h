/* The integer and attribute vocabulary that base/, mm/, kernel/ and arch/ share. */
#ifndef BASE_TYPES_H
#define BASE_TYPES_H

/* The bare RISC-V compiler makes uint32_t a long, for which %u is the wrong format. The kernel is
 * compiled with these set; here for whoever includes this file first without the flags. */
#if !__STDC_HOSTED__ && defined(__riscv)
#undef __UINT32_TYPE__
#undef __INT32_TYPE__
#define __UINT32_TYPE__ unsigned int
#define __INT32_TYPE__	int
#endif

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int16_t s16;
typedef int32_t s32;
typedef int64_t s64;

typedef u32 pfn_t;   /* physical page number; 0 is no page (no port has RAM at page 0) */
typedef u32 vaddr_t; /* user virtual address in bytes; all user spaces are 32 bits wide */

#define PFN_NONE 0u

/* A function that can fail returns 0 or a positive result, or a negated error number. */
#define must_check __attribute__((warn_unused_result))
/* Marks a pointer into user memory: only arch/uaccess.h may touch it. */
#define __user

#define PAGE_SHIFT 12
#define PAGE_SIZE  4096u
#define PAGE_MASK  (PAGE_SIZE - 1)

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define likely(x)     __builtin_expect(!!(x), 1)
#define unlikely(x)   __builtin_expect(!!(x), 0)
/* clang-format off */
#define container_of(ptr, type, member) ((type *)((char *)(ptr) - offsetof(type, member)))
/* clang-format on */

#define min_of(a, b) ((a) < (b) ? (a) : (b))
#define max_of(a, b) ((a) > (b) ? (a) : (b))

/* Inside the kernel only: the current thread has been queued and must leave the kernel without a
 * result; its system call or fault is made again when it is woken. Never reaches user mode. */
#define EBLOCKED 512
/* Inside the kernel only: a bounded step is done and more is left; the call is made again at once,
 * after a chance to preempt. */
#define EAGAIN_STEP 513

#define MAX_HARTS 32

#endif
