/* Room for the table that symbols.py writes into the linked image; it refuses one that does not fit. */
	.section .symbols, "a"
	.balign	4
	.global riscv_symbols
riscv_symbols:
	.space	61440
