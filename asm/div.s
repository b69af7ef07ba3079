// Signed integer quotients and remainders, cut toward zero, by the unsigned ones of div_fast.s or
// div_small.s; a division by zero gives the largest or smallest value by the sign of the dividend,
// and the dividend as remainder. And division by ten.

// in: A = dividend, Y = divisor, signed   out: A = quotient, X = remainder
// clobbers: A, X, Y, rt_t0-rt_t2
// cycles: 25 to 211, 165 on average; small: 25 to 250, 226 on average
.routine rt_sdiv8
        cpy #0
        beq zero
        sta rt_t2               // bit 7: sign of the dividend
        cmp #$80
        bcc !+
        eor #$ff
        adc #0                  // the carry is set
!:      cpy #$80
        bcc positive
        tax
        tya
        eor #$ff
        tay
        iny
        txa
        jsr rt_udiv8
        bit rt_t2
        bmi remainder
        eor #$ff
        clc
        adc #1
        rts
positive:
        jsr rt_udiv8
        bit rt_t2
        bpl done
        eor #$ff
        clc
        adc #1
remainder:
        tay
        txa
        eor #$ff
        tax
        inx
        tya
done:   rts
zero:   tax
        asl
        lda #$7f
        adc #0                  // $80 when the dividend is negative
        rts

// in: rt_a0/rt_a1 = dividend, rt_b0/rt_b1 = divisor, signed
// out: A = low byte, X = high byte of the quotient; rt_c0/rt_c1 = remainder
// clobbers: A, X, Y, rt_a0, rt_a1, rt_b0, rt_b1, rt_c0, rt_c1, rt_t0
// cycles: 38 to 600, 312 on average; small: 38 to 1,050, 767 on average
.routine rt_sdiv16
        lda rt_b0
        ora rt_b1
        beq zero
        lda rt_a1
        sta rt_t0               // bit 7: sign of the dividend
        bpl !+
        ldx #rt_a0
        jsr negate
!:      lda rt_b1
        bpl positive
        ldx #rt_b0
        jsr negate
        jsr rt_udiv16
        bit rt_t0
        bpl quotient
remainder:
        ldx #rt_c0
        jsr negate
        lda rt_a0
        ldx rt_a1
        rts
positive:
        jsr rt_udiv16
        bit rt_t0
        bpl done
        ldx #rt_c0
        jsr negate
quotient:
        lda #0
        sec
        sbc rt_a0
        tay
        lda #0
        sbc rt_a1
        tax
        tya
done:   rts
zero:   ldx rt_a0
        stx rt_c0
        ldx rt_a1
        stx rt_c1
        bmi !+
        lda #$ff
        ldx #$7f
        rts
!:      ldx #$80                // A is 0
        rts
negate: lda #0
        sec
        sbc 0,x
        sta 0,x
        lda #0
        sbc 1,x
        sta 1,x
        rts

// in: rt_a0-rt_a3 = dividend, rt_b0-rt_b3 = divisor, signed
// out: rt_a0-rt_a3 = quotient, rt_c0-rt_c3 = remainder
// clobbers: A, X, Y, rt_a0-rt_a3, rt_b0-rt_b3, rt_c0-rt_c3, rt_t0-rt_t4
// cycles: 103 to 1,900, 922 on average; small: 103 to 5,900, 4,000 on average
.routine rt_sdiv32
        lda rt_b0
        ora rt_b1
        ora rt_b2
        ora rt_b3
        beq zero
        lda rt_a3
        sta rt_t4               // bit 7: sign of the dividend
        bpl !+
        ldx #rt_a0
        jsr rt_neg32
!:      lda rt_b3
        bpl positive
        ldx #rt_b0
        jsr rt_neg32
        jsr rt_udiv32
        bit rt_t4
        bpl quotient
        bmi remainder
positive:
        jsr rt_udiv32
        bit rt_t4
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

// in: rt_a0-rt_a3 = dividend, signed, Y = divisor, unsigned and not 0
// out: rt_a0-rt_a3 = quotient, rt_c0-rt_c3 = remainder
// clobbers: A, X, Y, rt_a0-rt_a3, rt_c0-rt_c3, rt_t0
// cycles: 135 to 970, 499 on average; small: 1,168 to 1,530, 1,272 on average
.routine rt_sdiv32b
        lda #0
        sta rt_c1
        sta rt_c2
        sta rt_c3
        lda rt_a3
        bmi negative
        jsr rt_udiv32b
        sta rt_c0
        rts
negative:
        ldx #rt_a0
        jsr rt_neg32
        jsr rt_udiv32b
        sta rt_c0
        ldx #rt_a0
        jsr rt_neg32
        ldx #rt_c0
        jmp rt_neg32

// in: rt_a0-rt_a3 = dividend, signed, rt_b0/rt_b1 = divisor, unsigned and not 0
// out: rt_a0-rt_a3 = quotient, rt_c0-rt_c3 = remainder
// clobbers: A, X, Y, rt_a0-rt_a3, rt_c0-rt_c3, rt_t0
// cycles: 147 to 1,350, 688 on average; small: 1,700 to 2,460, 1,867 on average
.routine rt_sdiv32w
        lda #0
        sta rt_c2
        sta rt_c3
        lda rt_a3
        bmi negative
        jmp rt_udiv32w
negative:
        ldx #rt_a0
        jsr rt_neg32
        jsr rt_udiv32w
        ldx #rt_a0
        jsr rt_neg32
        ldx #rt_c0
        jmp rt_neg32

// in: X = address of four zero-page bytes   out: these negated
// clobbers: A, rt_a0-rt_a3, rt_b0-rt_b3, rt_c0-rt_c3
// cycles: 54 to 54, 54 on average
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

// in: rt_a0/rt_a1 = dividend, unsigned
// out: A = low byte, X = high byte of the quotient; Y = remainder
// clobbers: A, X, Y, rt_t0-rt_t2
// cycles: 79 to 156, 154 on average
// A byte is divided by a product with 205/2048, in shifts and adds. The remainder of the high byte,
// times 256, is ten times an entry of `quotients` plus an entry of `remainders`.
.routine rt_div10_16
        ldx rt_a1
        bne wide
        lda rt_a0
        lsr
        sta rt_t0
        lsr
        adc rt_t0
        ror
        lsr
        lsr
        adc rt_t0
        ror
        adc rt_t0
        ror
        lsr
        lsr
        tax
        asl
        asl
        sta rt_t0
        txa
        adc rt_t0
        asl                     // ten times the quotient
        eor #$ff
        sec
        adc rt_a0
        tay
        txa
        ldx #0
        rts
wide:   txa
        lsr
        sta rt_t0
        lsr
        adc rt_t0
        ror
        lsr
        lsr
        adc rt_t0
        ror
        adc rt_t0
        ror
        lsr
        lsr
        sta rt_t2               // high byte of the quotient
        asl
        asl
        adc rt_t2
        asl
        eor #$ff
        sec
        adc rt_a1
        tay                     // remainder of the high byte
        lda rt_a0
        clc
        adc remainders,y
        bcs over
        sta rt_t1
        lsr
        sta rt_t0
        lsr
        adc rt_t0
        ror
        lsr
        lsr
        adc rt_t0
        ror
        adc rt_t0
        ror
        lsr
        lsr
        tax
        asl
        asl
        sta rt_t0
        txa
        adc rt_t0
        asl
        eor #$ff
        sec
        adc rt_t1
        sta rt_t1               // remainder
        txa
add:    clc
        adc quotients,y
        ldx rt_t2
        ldy rt_t1
        rts
over:   adc #5                  // 256 is 25 tens and 6; the carry is set
        cmp #10
        bcc !+
        sbc #10
        sta rt_t1
        lda #26
        bne add
!:      sta rt_t1
        lda #25
        bne add
quotients:
        .fill 10, (i * 256) / 10
remainders:
        .fill 10, mod(i * 256, 10)
