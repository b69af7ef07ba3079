// Products and quotients of the fixed-point types, 8.8 and 16.16: cut toward zero, modulo the width,
// and a quotient by zero is the largest or smallest value by the sign of the dividend.

// in: rt_a0/rt_a1, rt_b0/rt_b1 = 8.8   out: A = low byte, X = high byte of the product
// clobbers: A, X, Y, rt_a0, rt_a1, rt_b0, rt_b1, rt_t0-rt_t2
// cycles: 81 to 680, 405 on average
// Magnitudes are multiplied. The fraction of the multiplier shifts the sum right, where bits fall
// out for good; then its whole part adds the multiplicand, shifted left, until it has no more bits.
.routine rt_f16_mul
        lda rt_a1
        eor rt_b1
        sta rt_t0               // bit 7: sign of the product
        bit rt_a1
        bpl !+
        ldx #rt_a0
        jsr negate
!:      bit rt_b1
        bpl !+
        ldx #rt_b0
        jsr negate
!:      lda #0
        sta rt_t1               // low byte of the sum; A is its high byte
        ldx rt_a0
        beq whole
        sec
        ror rt_a0               // a 1 ends the loop
!loop:  bcc even
        clc
        tay
        lda rt_t1
        adc rt_b0
        sta rt_t1
        tya
        adc rt_b1
even:   ror
        ror rt_t1
        lsr rt_a0
        bne !loop-
whole:  lsr rt_a1
        bcc !even+
!odd:   clc
        tay
        lda rt_t1
        adc rt_b0
        sta rt_t1
        tya
        adc rt_b1
!even:  asl rt_b0
        rol rt_b1
        lsr rt_a1
        bcs !odd-
        bne !even-
        bit rt_t0
        bmi negative
        tax
        lda rt_t1
        rts
negative:
        sta rt_t2
        lda #0
        sec
        sbc rt_t1
        tay
        lda #0
        sbc rt_t2
        tax
        tya
        rts
negate: lda #0
        sec
        sbc 0,x
        sta 0,x
        lda #0
        sbc 1,x
        sta 1,x
        rts

// in: rt_a0/rt_a1, rt_b0/rt_b1 = 8.8   out: A = low byte, X = high byte of the quotient
// clobbers: A, X, Y, rt_a0, rt_a1, rt_b0, rt_b1, rt_c0, rt_c1, rt_t0, rt_t1
// cycles: 30 to 890, 540 on average; small: 30 to 1,340, 1,002 on average
// The quotient of the magnitudes as integers, then eight more bits from the remainder.
.routine rt_f16_div
        lda rt_b0
        ora rt_b1
        beq zero
        lda rt_a1
        eor rt_b1
        sta rt_t0               // bit 7: sign of the quotient
        bit rt_a1
        bpl !+
        ldx #rt_a0
        jsr negate
!:      bit rt_b1
        bpl !+
        ldx #rt_b0
        jsr negate
!:      jsr rt_udiv16
        sta rt_a1               // its low byte is the whole part
        lda #1
        sta rt_a0               // the 1 ends the loop when it falls out
        lda rt_c1
loop:   asl rt_c0
        rol
        cmp rt_b1
        bcc none
        tax
        lda rt_c0
        sbc rt_b0
        tay
        txa
        sbc rt_b1
        bcc undo
        sty rt_c0
none:   rol rt_a0
        bcc loop
        bcs done
undo:   txa
        rol rt_a0
        bcc loop
done:   bit rt_t0
        bmi negative
        lda rt_a0
        ldx rt_a1
        rts
negative:
        lda #0
        sec
        sbc rt_a0
        tay
        lda #0
        sbc rt_a1
        tax
        tya
        rts
zero:   lda rt_a1
        bmi !+
        lda #$ff
        ldx #$7f
        rts
!:      lda #0
        ldx #$80
        rts
negate: lda #0
        sec
        sbc 0,x
        sta 0,x
        lda #0
        sbc 1,x
        sta 1,x
        rts

// in: rt_a0-rt_a3, rt_b0-rt_b3 = 16.16   out: rt_a0-rt_a3 = product
// clobbers: A, X, Y, rt_a0-rt_a3, rt_b0-rt_b3, rt_c0-rt_c3, rt_t0-rt_t5
// cycles: 460 to 2,600, 1,449 on average; small: 1,600 to 3,200, 2,223 on average
// Four products of the magnitudes' words: the upper word of fraction by fraction, fraction by
// whole twice, and the lower word of whole by whole.
.routine rt_f32_mul
        lda rt_a3
        eor rt_b3
        pha
        lda rt_a3
        bpl !+
        ldx #rt_a0
        jsr rt_neg32
!:      lda rt_b3
        bpl !+
        ldx #rt_b0
        jsr rt_neg32
!:      // rt_c = first factor, rt_b = second, rt_t4/rt_t5 and the stack collect
        ldx #3
!:      lda rt_a0,x
        sta rt_c0,x
        dex
        bpl !-
        jsr rt_mul16w           // fraction by fraction
        lda rt_a2
        sta rt_t4
        lda rt_a3
        sta rt_t5
        lda rt_c2
        sta rt_a0
        lda rt_c3
        sta rt_a1
        jsr rt_mul16w           // whole by fraction
        lda rt_a0
        clc
        adc rt_t4
        sta rt_t4
        lda rt_a1
        adc rt_t5
        sta rt_t5
        lda rt_a2
        adc #0
        tax
        lda rt_a3
        adc #0
        pha
        txa
        pha
        lda rt_b2
        sta rt_b0
        lda rt_b3
        sta rt_b1
        lda rt_c0
        sta rt_a0
        lda rt_c1
        sta rt_a1
        jsr rt_mul16w           // fraction by whole
        lda rt_a0
        clc
        adc rt_t4
        sta rt_c0
        lda rt_a1
        adc rt_t5
        sta rt_c1
        pla
        adc rt_a2
        sta rt_t4
        pla
        adc rt_a3
        sta rt_t5
        lda rt_c2
        sta rt_a0
        lda rt_c3
        sta rt_a1
        jsr rt_mul16            // whole by whole
        clc
        adc rt_t4
        sta rt_a2
        txa
        adc rt_t5
        sta rt_a3
        lda rt_c0
        sta rt_a0
        lda rt_c1
        sta rt_a1
        pla
        bpl !+
        ldx #rt_a0
        jmp rt_neg32
!:      rts

// in: rt_a0-rt_a3, rt_b0-rt_b3 = 16.16   out: rt_a0-rt_a3 = quotient
// clobbers: A, X, Y, rt_a0-rt_a3, rt_b0-rt_b3, rt_c0-rt_c3, rt_t0-rt_t4
// cycles: 52 to 3,400, 2,036 on average; small: 52 to 7,200, 5,123 on average
// The quotient of the magnitudes as integers, then sixteen more bits from the remainder.
.routine rt_f32_div
        lda rt_b0
        ora rt_b1
        ora rt_b2
        ora rt_b3
        bne !+
        jmp zero
!:      lda rt_a3
        eor rt_b3
        sta rt_t4               // bit 7: sign of the quotient
        lda rt_a3
        bpl !+
        ldx #rt_a0
        jsr rt_neg32
!:      lda rt_b3
        bpl !+
        ldx #rt_b0
        jsr rt_neg32
!:      jsr rt_udiv32
        lda rt_a0
        sta rt_a2
        lda rt_a1
        sta rt_a3
        ldx #16
loop:   asl rt_c0
        rol rt_c1
        rol rt_c2
        rol rt_c3
        lda rt_c3
        cmp rt_b3
        bcc none
        lda rt_c0
        sbc rt_b0
        sta rt_t0
        lda rt_c1
        sbc rt_b1
        tay
        lda rt_c2
        sbc rt_b2
        pha
        lda rt_c3
        sbc rt_b3
        bcc undo
        sta rt_c3
        pla
        sta rt_c2
        sty rt_c1
        lda rt_t0
        sta rt_c0
none:   rol rt_a0
        rol rt_a1
        dex
        bne loop
        beq done
undo:   pla
        rol rt_a0
        rol rt_a1
        dex
        bne loop
done:   bit rt_t4
        bpl !+
        ldx #rt_a0
        jmp rt_neg32
zero:   lda rt_a3
        cmp #$80
        lda #$ff
        adc #0                  // 0 when the dividend is negative
        sta rt_a0
        sta rt_a1
        sta rt_a2
        eor #$80
        sta rt_a3
!:      rts
