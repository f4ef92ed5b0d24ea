/* pid_t vfork(void)
 *
 * The child runs on the parent's stack and returns from this function first, so nothing that the
 * parent needs may be on the stack here: its return address stays in a register, which the kernel
 * keeps for it. The parent waits until the child calls exec or exits; what the child did to the
 * stack is all above or in frames that it has left.
 */
#include "numbers.h"

	.text
	.globl vfork
	.type vfork, @function
vfork:
	li	a7, QUIRE_VFORK_NUMBER
	ecall
	addi	sp, sp, -16
	sw	ra, 0(sp)
	sw	a0, 4(sp)
	call	__libc_vfork_returned
	lw	a0, 4(sp)
	lw	ra, 0(sp)
	addi	sp, sp, 16
	bltz	a0, 1f
	ret
1:	neg	t0, a0
	lui	t1, %tprel_hi(errno)
	add	t1, t1, tp, %tprel_add(errno)
	sw	t0, %tprel_lo(errno)(t1)
	li	a0, -1
	ret
	.size vfork, . - vfork
