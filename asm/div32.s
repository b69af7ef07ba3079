// 32-bit quotients and remainders; see div.s for division by zero.

// in: rt_a0-rt_a3 = dividend, rt_b0-rt_b3 = divisor, unsigned
// out: rt_a0-rt_a3 = quotient, rt_c0-rt_c3 = remainder
// clobbers: A, X, Y, rt_a0-rt_a3, rt_c0-rt_c3, rt_t0
// cycles: at most 2,000
.routine rt_udiv32
        lda #0
        sta rt_c2
        sta rt_c3
        lda rt_b2
        ora rt_b3
        bne wide
        ora rt_b0
        ora rt_b1
        beq zero
        // The divisor is a word: the remainder is one, and leading zero bytes of the dividend are
        // skipped.
        ldx #32
        ldy #0
        sty rt_c1
!:      lda rt_a3
        bne word
        lda rt_a2
        sta rt_a3
        lda rt_a1
        sta rt_a2
        lda rt_a0
        sta rt_a1
        sty rt_a0
        txa
        sec
        sbc #8
        tax
        bne !-
        sta rt_c0
        rts
word:   tya
        sta rt_c0
        // The low byte of the remainder is in A.
loop:   asl rt_a0
        rol rt_a1
        rol rt_a2
        rol rt_a3
        rol
        rol rt_c1
        bcs !subtract+
        tay
        cmp rt_b0
        lda rt_c1
        sbc rt_b1
        bcc !less+
        sta rt_c1
        tya
        sbc rt_b0               // the borrow of the low byte was in the high byte already
        inc rt_a0
        dex
        bne loop
        sta rt_c0
        rts
!less:  tya
        dex
        bne loop
        sta rt_c0
        rts
!subtract:
        sbc rt_b0
        tay
        lda rt_c1
        sbc rt_b1
        sta rt_c1
        tya
        inc rt_a0
        dex
        bne loop
        sta rt_c0
        rts
zero:   ldx #3
!:      lda rt_a0,x
        sta rt_c0,x
        lda #$ff
        sta rt_a0,x
        dex
        bpl !-
        rts
        // The divisor is above 65535, so the quotient is a word: sixteen steps. The remainder
        // never has more bits than the dividend.
wide:   lda rt_a2
        sta rt_c0
        lda rt_a3
        sta rt_c1
        lda #0
        sta rt_a2
        sta rt_a3
        ldx #16
!loop:  asl rt_a0
        rol rt_a1
        rol rt_c0
        rol rt_c1
        rol rt_c2
        rol rt_c3
        lda rt_c3
        cmp rt_b3
        bcc !next+
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
        bcc !undo+
        sta rt_c3
        pla
        sta rt_c2
        sty rt_c1
        lda rt_t0
        sta rt_c0
        inc rt_a0
!next:  dex
        bne !loop-
        rts
!undo:  pla
        dex
        bne !loop-
        rts

// in: rt_a0-rt_a3 = dividend, rt_b0-rt_b3 = divisor, signed
// out: rt_a0-rt_a3 = quotient, rt_c0-rt_c3 = remainder
// clobbers: A, X, Y, rt_a0-rt_a3, rt_b0-rt_b3, rt_c0-rt_c3, rt_t0, rt_t1
// cycles: at most 2,200
.routine rt_sdiv32
        lda rt_b0
        ora rt_b1
        ora rt_b2
        ora rt_b3
        beq zero
        lda rt_a3
        sta rt_t1               // bit 7: sign of the dividend
        bpl !+
        ldx #rt_a0
        jsr rt_neg32
!:      lda rt_b3
        bpl positive
        ldx #rt_b0
        jsr rt_neg32
        jsr rt_udiv32
        bit rt_t1
        bpl quotient
        bmi remainder
positive:
        jsr rt_udiv32
        bit rt_t1
        bpl done
        ldx #rt_a0
        jsr rt_neg32
remainder:
        ldx #rt_c0
        jmp rt_neg32
quotient:
        ldx #rt_a0
        jmp rt_neg32
zero:   ldx #3
!:      lda rt_a0,x
        sta rt_c0,x
        dex
        bpl !-
        lda rt_c3
        cmp #$80
        lda #$ff
        adc #0                  // 0 when the dividend is negative
        sta rt_a0
        sta rt_a1
        sta rt_a2
        eor #$80
        sta rt_a3
done:   rts

// in: X = address of four zero-page bytes   out: these negated
// clobbers: A, rt_a0-rt_a3, rt_b0-rt_b3, rt_c0-rt_c3
// cycles: at most 60
.routine rt_neg32
        sec
        lda #0
        sbc 0,x
        sta 0,x
        lda #0
        sbc 1,x
        sta 1,x
        lda #0
        sbc 2,x
        sta 2,x
        lda #0
        sbc 3,x
        sta 3,x
        rts
