// Printing of strings and numbers through rt_print_char.

// Prints a string.
// in: A/X = address of its length byte
// clobbers: A, X, Y, rt_a0-rt_a3, and what rt_print_char does
// cycles: 40 + 32 a character, and those of rt_print_char
.routine rt_print_str
        sta rt_a0
        stx rt_a1
        ldy #0
        lda (rt_a0),y
        beq done
        sta rt_a2
next:   iny
        sty rt_a3
        lda (rt_a0),y
        jsr rt_print_char
        ldy rt_a3
        dec rt_a2
        bne next
done:   rts

// Each prints a value.
// in: A, A/X or rt_a0-rt_a3 as its rt_str routine
// clobbers: A, X, Y, rt_a0-rt_a3, rt_t0-rt_t5
.routine rt_print_u8
        jsr rt_str_u8
        jmp rt_print_str

.routine rt_print_i8
        jsr rt_str_i8
        jmp rt_print_str

.routine rt_print_u16
        jsr rt_str_u16
        jmp rt_print_str

.routine rt_print_i16
        jsr rt_str_i16
        jmp rt_print_str

.routine rt_print_u32
        jsr rt_str_u32
        jmp rt_print_str

.routine rt_print_i32
        jsr rt_str_i32
        jmp rt_print_str

.routine rt_print_bool
        jsr rt_str_bool
        jmp rt_print_str

// As above; clobbers the whole run-time zero page.
.routine rt_print_float
        jsr rt_str_float
        jmp rt_print_str

.routine rt_print_f16
        jsr rt_str_f16
        jmp rt_print_str

.routine rt_print_f32
        jsr rt_str_f32
        jmp rt_print_str
