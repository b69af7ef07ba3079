// Integer products for programs that shall be fast; mul_small.s has the same routines, shorter.
// Every routine works for signed and unsigned values unless it says otherwise.
// Shift and add: the bit of the multiplier that is tested is still in the carry when the
// multiplicand is added, so that the multiplicand less one is what is added.

// in: A = left, Y = right   out: A = low byte, X = high byte of the unsigned product
// clobbers: A, X, Y, rt_t0, rt_t1
// cycles: 24 to 126, 117 on average
.routine rt_mul8
        lsr
        sta rt_t0               // multiplier, then low byte of the product
        tya
        beq zero
        dey
        sty rt_t1
        lda #0
        bcc !+
        adc rt_t1
!:      ror
        ror rt_t0
        bcc !+
        adc rt_t1
!:      ror
        ror rt_t0
        bcc !+
        adc rt_t1
!:      ror
        ror rt_t0
        bcc !+
        adc rt_t1
!:      ror
        ror rt_t0
        bcc !+
        adc rt_t1
!:      ror
        ror rt_t0
        bcc !+
        adc rt_t1
!:      ror
        ror rt_t0
        bcc !+
        adc rt_t1
!:      ror
        ror rt_t0
        bcc !+
        adc rt_t1
!:      ror
        tax
        lda rt_t0
        ror
        rts
zero:   tax
        rts

// in: rt_a0/rt_a1, rt_b0/rt_b1   out: A = low byte, X = high byte of the product
// clobbers: A, X, Y, rt_t0-rt_t3
// cycles: 72 to 530, 348 on average
// The product of the low bytes plus the low bytes of the two cross products. These stop when the
// high byte has no more bits; a negative high byte is negated together with its partner, so that
// small negative values are as quick as small positive ones.
.routine rt_mul16
        lda #0
        sta rt_t2               // sum of the cross products
        ldx rt_a1
        beq second
        bpl !+
        jsr negated_a
        jmp first
!:      stx rt_t0
        ldy rt_b0
        sty rt_t1
first:  lsr rt_t0
        bcc !even+
!odd:   clc
        adc rt_t1
!even:  asl rt_t1
        lsr rt_t0
        bcs !odd-
        bne !even-
        sta rt_t2
second: ldx rt_b1
        beq low
        bpl !+
        jsr negated_b
        jmp !go+
!:      stx rt_t0
        ldy rt_a0
        sty rt_t1
!go:    lda rt_t2
        lsr rt_t0
        bcc !even+
!odd:   clc
        adc rt_t1
!even:  asl rt_t1
        lsr rt_t0
        bcs !odd-
        bne !even-
        sta rt_t2
low:    lda rt_a0
        ldy rt_b0
        jsr rt_mul8
        tay
        txa
        clc
        adc rt_t2
        tax
        tya
        rts
negated_a:
        sec
        sbc rt_b0
        sta rt_t1
        sec
        lda #0
        sbc rt_a1
        jmp !+
negated_b:
        lda #0
        sec
        sbc rt_a0
        sta rt_t1
        sec
        lda #0
        sbc rt_b1
!:      sta rt_t0
        lda #0
        rts

// in: rt_a0/rt_a1, rt_b0/rt_b1, unsigned   out: rt_a0-rt_a3 = product
// clobbers: A, X, Y, rt_a0-rt_a3, rt_t0-rt_t3
// cycles: 44 to 590, 374 on average
// Two rounds of eight steps; a byte of the multiplier makes room for a finished byte of the
// product, so that the sum never has more than 16 bits.
.routine rt_mul16w
        lda rt_b0
        sec
        sbc #1
        sta rt_t1
        lda rt_b1
        sbc #0
        bcc zero
        sta rt_t2
        lda #0
        sta rt_t0
        ldy #0
        ldx rt_a0
        beq skip_low
        stx rt_t3
        jmp steps
zero:   lda #0
        sta rt_a0
none:   sta rt_a1
        sta rt_a2
        sta rt_a3
        rts
skip_low:
        ldy rt_a1
        sty rt_t3
        beq none
steps:  lsr rt_t3
        bcc !+
        tax
        lda rt_t0
        adc rt_t1
        sta rt_t0
        txa
        adc rt_t2
!:      ror
        ror rt_t0
        ror rt_t3
        bcc !+
        tax
        lda rt_t0
        adc rt_t1
        sta rt_t0
        txa
        adc rt_t2
!:      ror
        ror rt_t0
        ror rt_t3
        bcc !+
        tax
        lda rt_t0
        adc rt_t1
        sta rt_t0
        txa
        adc rt_t2
!:      ror
        ror rt_t0
        ror rt_t3
        bcc !+
        tax
        lda rt_t0
        adc rt_t1
        sta rt_t0
        txa
        adc rt_t2
!:      ror
        ror rt_t0
        ror rt_t3
        bcc !+
        tax
        lda rt_t0
        adc rt_t1
        sta rt_t0
        txa
        adc rt_t2
!:      ror
        ror rt_t0
        ror rt_t3
        bcc !+
        tax
        lda rt_t0
        adc rt_t1
        sta rt_t0
        txa
        adc rt_t2
!:      ror
        ror rt_t0
        ror rt_t3
        bcc !+
        tax
        lda rt_t0
        adc rt_t1
        sta rt_t0
        txa
        adc rt_t2
!:      ror
        ror rt_t0
        ror rt_t3
        bcc !+
        tax
        lda rt_t0
        adc rt_t1
        sta rt_t0
        txa
        adc rt_t2
!:      ror
        ror rt_t0
        ror rt_t3
        cpy #0                  // Y is 0 in the first round, the high byte in the second
        bne done
        ldx rt_t3
        stx rt_a0
        ldy rt_a1
        beq short
        sty rt_t3
        jmp steps
done:   sta rt_a3
        lda rt_t0
        sta rt_a2
        lda rt_t3
        sta rt_a1
        rts
short:  sta rt_a2
        lda rt_t0
        sta rt_a1
        sty rt_a3
        rts

// in: rt_a0-rt_a3, rt_b0-rt_b3   out: rt_a0-rt_a3 = product
// clobbers: A, X, Y, rt_a0-rt_a3, rt_b0-rt_b3, rt_c0-rt_c3, rt_t0-rt_t5
// cycles: 114 to 1,720, 1,025 on average
// The product of the low words plus the low words of the two cross products.
.routine rt_mul32
        lda #0
        sta rt_t4               // sum of the cross products
        sta rt_t5
        lda rt_a0
        sta rt_c0
        lda rt_a1
        sta rt_c1
        lda rt_a2
        ora rt_a3
        beq !+
        lda rt_a2
        sta rt_a0
        lda rt_a3
        sta rt_a1
        jsr rt_mul16
        sta rt_t4
        stx rt_t5
        lda rt_c0
        sta rt_a0
        lda rt_c1
        sta rt_a1
!:      lda rt_b2
        ora rt_b3
        beq !+
        lda rt_b0
        sta rt_c2
        lda rt_b1
        sta rt_c3
        lda rt_b2
        sta rt_b0
        lda rt_b3
        sta rt_b1
        jsr rt_mul16
        clc
        adc rt_t4
        sta rt_t4
        txa
        adc rt_t5
        sta rt_t5
        lda rt_c2
        sta rt_b0
        lda rt_c3
        sta rt_b1
!:      jsr rt_mul16w
        lda rt_a2
        clc
        adc rt_t4
        sta rt_a2
        lda rt_a3
        adc rt_t5
        sta rt_a3
        rts
