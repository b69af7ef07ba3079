// Integers as decimal text. The text is a string in rt_number, which the next call overwrites. The
// digits come from number_fast.s or number_small.s.

// The text: length byte, then up to 255 characters.
.bss rt_number, 256

// in: A = value   out: A/X = address of the text
// clobbers: A, X, Y, rt_a0, rt_a1, rt_t0, rt_t1
// cycles: 116 to 200, 160 on average; small: 165 to 515, 322 on average
.routine rt_str_i8
        ldy #0
        cmp #$80
        bcc positive
        eor #$ff
        adc #0                  // the carry is set
        ldx #'-'
        stx rt_number + 1
        iny
positive:
        jmp rt_str_u8_digits

// in: A/X = value   out: A/X = address of the text
// clobbers: A, X, Y, rt_a0, rt_a1, rt_t0, rt_t1
// cycles: 133 to 650, 428 on average; small: 265 to 1,380, 819 on average
.routine rt_str_i16
        cpx #$80
        bcc positive
        eor #$ff
        adc #0                  // the carry is set
        sta rt_a0
        txa
        eor #$ff
        adc #0
        sta rt_a1
        lda #'-'
        sta rt_number + 1
        ldy #1
        jmp rt_str_u16_digits
positive:
        jmp rt_str_u16

// in: rt_a0-rt_a3 = value   out: A/X = address of the text
// clobbers: A, X, Y, rt_a0-rt_a3, rt_t0-rt_t5
// cycles: 139 to 2,900, 1,293 on average; small: 685 to 5,700, 2,333 on average
.routine rt_str_i32
        ldy #0
        lda rt_a3
        bpl positive
        lda #'-'
        sta rt_number + 1
        sec
        tya
        sbc rt_a0
        sta rt_a0
        tya
        sbc rt_a1
        sta rt_a1
        tya
        sbc rt_a2
        sta rt_a2
        tya
        sbc rt_a3
        sta rt_a3
        iny
positive:
        jmp rt_str_u32_digits

// Text of a truth value, with the letters of the upper/graphics set.
// in: A = value   out: A/X = address of the text
// clobbers: A, X
.routine rt_str_bool
        cmp #0
        beq no
        lda #<rt_text_true
        ldx #>rt_text_true
        rts
no:     lda #<rt_text_false
        ldx #>rt_text_false
        rts
