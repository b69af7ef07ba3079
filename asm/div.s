// Integer quotients and remainders, cut toward zero. A division by zero gives all ones (unsigned)
// or the largest or smallest value by the sign of the dividend (signed), and the dividend as
// remainder. Restoring division: shift left, compare, subtract.

// in: A = dividend, Y = divisor, unsigned   out: A = quotient, X = remainder
// clobbers: A, X, Y, rt_t0, rt_t1
// cycles: at most 160
.routine rt_udiv8
        sta rt_t0               // dividend, then quotient
        sty rt_t1
        lda #0
        asl rt_t0
        rol
        cpy #16
        bcc small
        // The quotient has no more than four bits.
        asl rt_t0
        rol
        asl rt_t0
        rol
        asl rt_t0
        rol
        asl rt_t0
        rol
        cmp rt_t1
        bcc low
        sbc rt_t1
        jmp low
small:  cmp rt_t1
        bcc !+
        sbc rt_t1
!:      rol rt_t0
        rol
        cmp rt_t1
        bcc !+
        sbc rt_t1
!:      rol rt_t0
        rol
        cmp rt_t1
        bcc !+
        sbc rt_t1
!:      rol rt_t0
        rol
        cmp rt_t1
        bcc !+
        sbc rt_t1
!:      rol rt_t0
        rol
        cmp rt_t1
        bcc low
        sbc rt_t1
low:    rol rt_t0
        rol
        cmp rt_t1
        bcc !+
        sbc rt_t1
!:      rol rt_t0
        rol
        cmp rt_t1
        bcc !+
        sbc rt_t1
!:      rol rt_t0
        rol
        cmp rt_t1
        bcc !+
        sbc rt_t1
!:      tax
        lda rt_t0
        rol
        rts

// in: A = dividend, Y = divisor, unsigned   out: A = quotient, X = remainder
// clobbers: A, X, Y, rt_t0, rt_t1
// cycles: at most 200
.routine rt_udiv8_c
        sta rt_t0
        sty rt_t1
        lda #0
        ldx #8
        asl rt_t0
loop:   rol
        cmp rt_t1
        bcc !+
        sbc rt_t1
!:      rol rt_t0
        dex
        bne loop
        tax
        lda rt_t0
        rts

// in: A = dividend, Y = divisor, signed   out: A = quotient, X = remainder
// clobbers: A, X, Y, rt_t0-rt_t2
// cycles: at most 230
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

// in: rt_a0/rt_a1 = dividend, rt_b0/rt_b1 = divisor, unsigned
// out: rt_a0/rt_a1 = quotient, also in A (low) and X (high); rt_c0/rt_c1 = remainder
// clobbers: A, X, Y, rt_a0, rt_a1, rt_c0, rt_c1
// cycles: at most 470
.routine rt_udiv16
        lda rt_b1
        beq byte
        // The divisor is above 255, so the quotient is a byte: eight steps with a word remainder,
        // which never has more bits than the dividend.
        lda rt_a1
        sta rt_c0
        lda #0
        sta rt_a1
        ldy #8
wide:   asl rt_a0
        rol rt_c0
        rol
        cmp rt_b1
        bcc next
        tax
        lda rt_c0
        sbc rt_b0
        sta rt_c1
        txa
        sbc rt_b1
        bcc undo
        inc rt_a0
        ldx rt_c1
        stx rt_c0
next:   dey
        bne wide
        sta rt_c1
        lda rt_a0
        ldx #0
        rts
undo:   txa
        dey
        bne wide
        sta rt_c1
        lda rt_a0
        ldx #0
        rts
zero:   lda rt_a0
        sta rt_c0
        lda rt_a1
        sta rt_c1
        lda #$ff
        tax
        sta rt_a0
        sta rt_a1
        rts
byte:   sta rt_c1
        lda rt_a1
        ldx #0                  // high byte of the quotient
        cmp rt_b0
        bcc low                 // it is 0, and the high byte is the remainder so far
        ldy rt_b0
        beq zero
        bmi once
        lda #0
        ldy #8
        asl rt_a1
high:   rol
        cmp rt_b0
        bcc !+
        sbc rt_b0
!:      rol rt_a1
        dey
        bne high
        ldx rt_a1
        jmp low
once:   sbc rt_b0               // a divisor from 128 is there no more than once
        inx
low:    stx rt_a1
        ldy rt_b0
        bmi large
        asl rt_a0
        rol
        cmp rt_b0
        bcc !+
        sbc rt_b0
!:      rol rt_a0
        rol
        cmp rt_b0
        bcc !+
        sbc rt_b0
!:      rol rt_a0
        rol
        cmp rt_b0
        bcc !+
        sbc rt_b0
!:      rol rt_a0
        rol
        cmp rt_b0
        bcc !+
        sbc rt_b0
!:      rol rt_a0
        rol
        cmp rt_b0
        bcc !+
        sbc rt_b0
!:      rol rt_a0
        rol
        cmp rt_b0
        bcc !+
        sbc rt_b0
!:      rol rt_a0
        rol
        cmp rt_b0
        bcc !+
        sbc rt_b0
!:      rol rt_a0
        rol
        cmp rt_b0
        bcc !+
        sbc rt_b0
!:      rol rt_a0
        sta rt_c0
        lda rt_a0
        rts
large:  ldy #8                  // the remainder may have nine bits
!loop:  asl rt_a0
        rol
        bcs !subtract+
        cmp rt_b0
        bcc !next+
!subtract:
        sbc rt_b0
        inc rt_a0
!next:  dey
        bne !loop-
        sta rt_c0
        lda rt_a0
        rts

// in: rt_a0/rt_a1 = dividend, rt_b0/rt_b1 = divisor, unsigned
// out: rt_a0/rt_a1 = quotient, also in A (low) and X (high); rt_c0/rt_c1 = remainder
// clobbers: A, X, Y, rt_a0, rt_a1, rt_c0, rt_c1
// cycles: at most 1,020
.routine rt_udiv16_c
        lda #0
        sta rt_c0
        sta rt_c1
        ldy #16
loop:   asl rt_a0
        rol rt_a1
        rol rt_c0
        rol rt_c1
        lda rt_c0
        sec
        sbc rt_b0
        tax
        lda rt_c1
        sbc rt_b1
        bcc next
        sta rt_c1
        stx rt_c0
        inc rt_a0
next:   dey
        bne loop
        lda rt_a0
        ldx rt_a1
        rts

// in: rt_a0/rt_a1 = dividend, rt_b0/rt_b1 = divisor, signed
// out: A = low byte, X = high byte of the quotient; rt_c0/rt_c1 = remainder
// clobbers: A, X, Y, rt_a0, rt_a1, rt_b0, rt_b1, rt_c0, rt_c1, rt_t0
// cycles: at most 580
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

// in: rt_a0/rt_a1 = dividend, unsigned
// out: rt_a0/rt_a1 = quotient, also in A (low) and X (high); Y = remainder
// clobbers: A, X, Y, rt_a0, rt_a1, rt_t0, rt_t1
// cycles: at most 175
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
        stx rt_a0
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
        sta rt_t1               // high byte of the quotient
        asl
        asl
        adc rt_t1
        asl
        eor #$ff
        sec
        adc rt_a1
        tay                     // remainder of the high byte
        lda rt_t1
        sta rt_a1
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
        sta rt_a0
        ldx rt_a1
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
