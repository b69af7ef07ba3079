// Float products and quotients; see float.s for the format and the rounding.

// in: rt_a0-rt_a3, rt_b0-rt_b3 = floats   out: rt_a0-rt_a3 = product
// clobbers: A, X, Y, rt_a0-rt_a3, rt_b0-rt_b3, rt_t0-rt_t5
// cycles: 32 to 1,310, 612 on average
// Shift and add, with the multiplicand less one (see mul.s). Bits that fall out to the right are
// final, so 24 bits of the product are enough, and the last bit that fell out rounds. Zero bytes
// of the multiplier cost nothing, so it is the factor with a zero low byte, if one has it.
.routine rt_fmul
        lda rt_a0
        beq zero
        ldx rt_b0
        beq zero
        // Exponent of the product if it is below 1/2: the sum less 129.
        clc
        adc rt_b0
        bcs high
        sbc #128                // the carry is clear
        bcs exponent
zero:   lda #0
        sta rt_a0
        sta rt_a1
        sta rt_a2
        sta rt_a3
        rts
power:  // of two: the mantissa of the first factor stays
        ldx rt_a0
        beq zero
        lda rt_a1
        asl
        asl rt_t0
        ror
        sta rt_a1
        rts
high:   adc #126                // the carry is set
        bcc exponent
        lda rt_a1
        eor rt_b1
        sta rt_t0
        jmp overflow
exponent:
        sta rt_a0
        lda rt_a1
        eor rt_b1
        sta rt_t0
        lda rt_b3
        bne chosen
        lda rt_b2
        bne swap
        lda rt_b1
        asl
        beq power
swap:   lda #0
        ldx rt_a3
        sta rt_a3
        stx rt_b3
        lda rt_a2
        ldx rt_b2
        sta rt_b2
        stx rt_a2
        lda rt_a1
        ldx rt_b1
        sta rt_b1
        stx rt_a1
chosen: // multiplier in rt_a, multiplicand less one in rt_t5, rt_t4, rt_t3
        lda rt_b3
        sec
        sbc #1
        sta rt_t3
        lda rt_b2
        sbc #0
        sta rt_t4
        lda rt_b1
        ora #$80
        sbc #0
        sta rt_t5
        lda #0
        sta rt_t1
        sta rt_t2
        ldx rt_a3
        bne low
        ldx rt_a2
        bne middle
        jmp top
low:    jsr byte
        ldx rt_a2
        bne middle
        lda rt_t1
        ldy rt_t2
        sty rt_t1
        stx rt_t2
        jmp top
middle: stx rt_a3
        jsr byte
top:    tax
        lda rt_a1
        ora #$80
        sta rt_a3
        txa
        lsr rt_a3               // the hidden bit ends the loop
!loop:  bcc !even+
        adc rt_t3
        tax
        lda rt_t1
        adc rt_t4
        tay
        lda rt_t2
        adc rt_t5
        ror
        sta rt_t2
        tya
        ror
        sta rt_t1
        txa
        ror
        ror rt_b3               // remembers the last bit that fell out
        lsr rt_a3
        bne !loop-
        beq !last+
!even:  lsr rt_t2
        ror rt_t1
        ror
        ror rt_b3
        lsr rt_a3
        bne !loop-
!last:  // The hidden bit: add without shifting. The carry is set.
        adc rt_t3
        tax
        lda rt_t1
        adc rt_t4
        tay
        lda rt_t2
        adc rt_t5
        bcs big
        sty rt_a2
        stx rt_a3
        asl rt_b3
        bcc pack
        bcs up
big:    ror
        sta rt_t2
        tya
        ror
        sta rt_a2
        txa
        ror
        sta rt_a3
        lda rt_t2
        inc rt_a0
        beq overflow
        bcc pack
up:     inc rt_a3
        bne pack
        inc rt_a2
        bne pack
        adc #0                  // the carry is set
        bcc pack
        lda #$80
        inc rt_a0
        beq overflow
pack:   ldx rt_a0
        beq under
        asl
        asl rt_t0
        ror
        sta rt_a1
        rts
under:  jmp zero
overflow:
        lda #$ff
        sta rt_a0
        sta rt_a2
        sta rt_a3
        asl rt_t0
        ror
        sta rt_a1
        rts
// Eight steps with the byte in rt_a3; the low byte of the sum is in A.
byte:   sec
        ror rt_a3
!loop:  bcc !even+
        adc rt_t3
        tax
        lda rt_t1
        adc rt_t4
        tay
        lda rt_t2
        adc rt_t5
        ror
        sta rt_t2
        tya
        ror
        sta rt_t1
        txa
        ror
        lsr rt_a3
        bne !loop-
        rts
!even:  lsr rt_t2
        ror rt_t1
        ror
        lsr rt_a3
        bne !loop-
        rts

// in: rt_a0-rt_a3, rt_b0-rt_b3 = floats   out: rt_a0-rt_a3 = first / second
// clobbers: A, X, Y, rt_a0-rt_a3, rt_t0-rt_t5
// cycles: 37 to 1,560, 863 on average
// Restoring division. The leading bit of the quotient is 1 once the dividend has been doubled if
// it was the smaller; 23 more bits and one to round follow.
.routine rt_fdiv
        ldx rt_b0
        beq by_zero
        lda rt_a0
        beq zero
        sec
        sbc rt_b0
        bcs !+
        bpl zero
        bmi exponent
!:      bpl exponent
overflow:
        lda rt_a1
        eor rt_b1
        sta rt_t0
too_big:
        lda #$ff
        sta rt_a0
        sta rt_a2
        sta rt_a3
        asl rt_t0
        ror
        sta rt_a1
        rts
zero:   lda #0
        sta rt_a0
        sta rt_a1
        sta rt_a2
        sta rt_a3
        rts
power:  inc rt_a0
        beq too_big
        lda rt_a1
        asl
        asl rt_t0
        ror
        sta rt_a1
        rts
by_zero:
        lda rt_a1
        ldx rt_a0
        bne !+
        txa
!:      sta rt_t0
        jmp too_big
exponent:
        eor #$80
        sta rt_a0               // exponent of a quotient below 1
        lda rt_a1
        eor rt_b1
        sta rt_t0
        lda rt_b1
        asl
        ora rt_b2
        ora rt_b3
        beq power
        lda rt_b1
        ora #$80
        sta rt_t5
        lda rt_a1
        ora #$80                // high byte of the remainder, from here in A
        cmp rt_t5
        bne !+
        ldx rt_a2
        cpx rt_b2
        bne !+
        ldx rt_a3
        cpx rt_b3
!:      bcc double
        inc rt_a0
        bne !+
        beq too_big
double: asl rt_a3
        rol rt_a2
        rol
!:      sec
        tax
        lda rt_a3
        sbc rt_b3
        sta rt_a3
        lda rt_a2
        sbc rt_b2
        sta rt_a2
        txa
        sbc rt_t5
        ldy #0
        ldx rt_b3
        beq narrow
byte:   ldx #1
        stx rt_t4               // the 1 ends the loop when it falls out
step:   asl rt_a3
        rol rt_a2
        rol
        bcs subtract
        cmp rt_t5
        bcc none
        beq tie
subtract:
        tax
        lda rt_a3
        sbc rt_b3
        sta rt_a3
        lda rt_a2
        sbc rt_b2
        sta rt_a2
        txa
        sbc rt_t5
        sec
none:   rol rt_t4
        bcc step
        ldx rt_t4
        stx rt_t1,y
        iny
        cpy #3
        bne !+
        jmp done
!:      tax
        bne byte
        lda rt_a2
        ora rt_a3
        bne !+
        // The remainder is 0, and so is what is left of the quotient.
        sta rt_t1,y
        sta rt_t3
        jmp done
!:      lda #0
        beq byte
tie:    ldx rt_a2
        cpx rt_b2
        bcc none
        bne subtract
        ldx rt_a3
        cpx rt_b3
        bcs subtract
        bcc none
// The same for a divisor whose low byte is 0. After the first byte of the quotient the low byte of
// the remainder is 0 as well.
narrow: inx
        stx rt_t4
!step:  asl rt_a3
        rol rt_a2
        rol
        bcs !subtract+
        cmp rt_t5
        bcc !none+
        bne !subtract+
        ldx rt_a2
        cpx rt_b2
        bcc !none+
!subtract:
        tax
        lda rt_a2
        sbc rt_b2
        sta rt_a2
        txa
        sbc rt_t5
        sec
!none:  rol rt_t4
        bcc !step-
        ldx rt_t4
        stx rt_t1
        ldy #1
!byte:  ldx #1
        stx rt_t4
!step:  asl rt_a2
        rol
        bcs !subtract+
        cmp rt_t5
        bcc !none+
        bne !subtract+
        ldx rt_a2
        cpx rt_b2
        bcc !none+
!subtract:
        tax
        lda rt_a2
        sbc rt_b2
        sta rt_a2
        txa
        sbc rt_t5
        sec
!none:  rol rt_t4
        bcc !step-
        ldx rt_t4
        stx rt_t1,y
        iny
        cpy #3
        bne !byte-
done:   asl rt_t0
        lda rt_t1
        ror
        sta rt_a1
        lda rt_t2
        ror
        sta rt_a2
        lda rt_t3
        ror
        sta rt_a3
        bcc !+
        inc rt_a3
        bne !+
        inc rt_a2
        bne !+
        inc rt_a1
!:      lda rt_a0
        bne !+
        jmp zero
!:      rts
