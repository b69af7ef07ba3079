// Float sums, products and quotients in little room; see float.s for the format and the rounding.

// in: rt_a0-rt_a3, rt_b0-rt_b3 = floats   out: rt_a0-rt_a3 = first - second
// clobbers: A, X, Y, rt_a0-rt_a3, rt_b0-rt_b3, rt_c0-rt_c3, rt_t0-rt_t5
// cycles: 38 to 2,600, 637 on average
.routine rt_fsub
        lda rt_b1
        eor #$80
        sta rt_b1
        jmp rt_fadd

// in: rt_a0-rt_a3, rt_b0-rt_b3 = floats   out: rt_a0-rt_a3 = sum
// clobbers: A, X, Y, rt_a0-rt_a3, rt_b0-rt_b3, rt_c0-rt_c3, rt_t0-rt_t5
// cycles: 27 to 2,600, 669 on average
// The second mantissa, in rt_b1 to rt_b3, is shifted right on into rt_c, bit by bit.
.routine rt_fadd
        lda rt_a0
        cmp rt_b0
        bcs larger
        ldx #3
!:      lda rt_a0,x
        ldy rt_b0,x
        sta rt_b0,x
        sty rt_a0,x
        dex
        bpl !-
larger: lda rt_b0
        beq return
        lda rt_a0
        sec
        sbc rt_b0
        cmp #26
        bcs return              // too small to matter
        tay
        lda rt_a1
        sta rt_t0
        eor rt_b1
        sta rt_t1               // bit 7: the signs differ
        lda rt_a1
        ora #$80
        sta rt_a1
        lda rt_b1
        ora #$80
        sta rt_b1
        ldx #3
        lda #0
!:      sta rt_c0,x
        dex
        bpl !-
shift:  dey
        bmi shifted
        clc
        ldx #256 - 7
!:      ror rt_b1 + 7,x
        inx
        bne !-
        beq shift
shifted:
        asl rt_t1
        bcs differ
        ldx #2
!:      lda rt_a1,x
        adc rt_b1,x             // the carry is clear at first
        sta rt_a1,x
        dex
        bpl !-
        bcc normal
        ror
        ror rt_a2
        ror rt_a3
        inc rt_a0
        bne !+
        jmp rt_flargest
!:      jmp rt_fpack
return: rts
differ: ldx #3                  // the carry is set
!:      lda #0
        sbc rt_c0,x
        sta rt_c0,x
        dex
        bpl !-
        ldx #2
!:      lda rt_a1,x
        sbc rt_b1,x
        sta rt_a1,x
        dex
        bpl !-
        bcs positive
        lda rt_t0
        eor #$80
        sta rt_t0
        ldx #2
        sec
!:      lda #0
        sbc rt_a1,x
        sta rt_a1,x
        dex
        bpl !-
positive:
        lda rt_a1
        ora rt_a2
        ora rt_a3
        ora rt_c0
        beq !+
next:   lda rt_a1
        bmi normal
        asl rt_c0
        rol rt_a3
        rol rt_a2
        rol rt_a1
        dec rt_a0
        bne next
!:      jmp rt_fzero
normal: asl rt_c0
        jmp rt_fpack

// The end of all operations: rounds, and puts the sign in.
// in: A, rt_a2, rt_a3 = mantissa with its top bit set, carry = the bit below it, rt_a0 = exponent,
// rt_t0 bit 7 = sign   out: rt_a0-rt_a3 = float
// clobbers: A, X, rt_a0-rt_a3, rt_t0
// cycles: at most 70
.routine rt_fpack
        bcc !+
        inc rt_a3
        bne !+
        inc rt_a2
        bne !+
        adc #0
        bcc !+
        lda #$80
        inc rt_a0
        beq rt_flargest
!:      ldx rt_a0
        beq rt_fzero
        bne sign
rt_flargest:
        lda #$ff
        sta rt_a0
        sta rt_a2
        sta rt_a3
sign:   asl
        asl rt_t0
        ror
        sta rt_a1
        rts
rt_fzero:
        ldx #3
        lda #0
!:      sta rt_a0,x
        dex
        bpl !-
        rts

// in: rt_a0-rt_a3, rt_b0-rt_b3 = floats   out: rt_a0-rt_a3 = product
// clobbers: A, X, Y, rt_a0-rt_a3, rt_b0-rt_b3, rt_t0-rt_t5
// cycles: 69 to 1,820, 1,091 on average
// The multiplier makes room for the lower half of the product.
.routine rt_fmul
        lda rt_a1
        eor rt_b1
        sta rt_t0
        lda rt_a0
        beq zero
        ldx rt_b0
        beq zero
        clc
        adc rt_b0
        bcs high
        sbc #128                // the carry is clear
        bcs exponent
zero:   jmp rt_fzero
high:   adc #126                // the carry is set
        bcc exponent
        jmp rt_flargest
exponent:
        sta rt_a0               // of a product below 1/2
        lda rt_a1
        ora #$80
        sta rt_a1
        lda rt_b1
        ora #$80
        sta rt_b1
        lda #0
        sta rt_t3
        sta rt_t4
        sta rt_t5
        ldy #25
        clc
loop:   ror rt_t3
        ror rt_t4
        ror rt_t5
        ror rt_a1
        ror rt_a2
        ror rt_a3
        dey
        beq done
        bcc loop
        clc
        lda rt_t5
        adc rt_b3
        sta rt_t5
        lda rt_t4
        adc rt_b2
        sta rt_t4
        lda rt_t3
        adc rt_b1
        sta rt_t3
        jmp loop
done:   lda rt_t3
        bmi big
        asl rt_a1
        rol rt_t5
        rol rt_t4
        rol
        bne !+
big:    inc rt_a0
        bne !+
        jmp rt_flargest
!:      ldx rt_t4
        stx rt_a2
        ldx rt_t5
        stx rt_a3
        asl rt_a1
        jmp rt_fpack

// in: rt_a0-rt_a3, rt_b0-rt_b3 = floats   out: rt_a0-rt_a3 = first / second
// clobbers: A, X, Y, rt_a0-rt_a3, rt_b0-rt_b3, rt_c0-rt_c2, rt_t0-rt_t5
// cycles: 64 to 2,800, 2,057 on average
// Restoring division, from the leading bit of the quotient to the one that rounds: 25 steps, and
// one more if the dividend is the smaller mantissa.
.routine rt_fdiv
        lda rt_a1
        eor rt_b1
        sta rt_t0
        lda rt_b0
        bne !+
        lda rt_a1
        ldx rt_a0
        bne by_zero
        txa
by_zero:
        sta rt_t0
large:  jmp rt_flargest
!:      lda rt_a0
        beq zero
        sec
        sbc rt_b0
        bcs !+
        bpl zero
        bmi exponent
zero:   jmp rt_fzero
!:      bmi large
exponent:
        eor #$80
        sta rt_a0               // of a quotient below 1
        lda rt_a1
        ora #$80
        sta rt_a1
        lda rt_b1
        ora #$80
        sta rt_b1
        ldy #26
        lda #0
step:   sta rt_t1               // top bit of the remainder
        sec
        lda rt_a3
        sbc rt_b3
        sta rt_c0
        lda rt_a2
        sbc rt_b2
        sta rt_c1
        lda rt_a1
        sbc rt_b1
        sta rt_c2
        lda rt_t1
        sbc #0
        bcc none
        lda rt_c0
        sta rt_a3
        lda rt_c1
        sta rt_a2
        lda rt_c2
        sta rt_a1
        cpy #26
        bne !+
        dey                     // the quotient is at least 1
        inc rt_a0
        beq large
!:      sec
none:   rol rt_t5
        rol rt_t4
        rol rt_t3
        asl rt_a3
        rol rt_a2
        rol rt_a1
        lda #0
        rol
        dey
        bne step
        lda rt_t3
        sec
        ror
        ldx rt_t4
        stx rt_a2
        ror rt_a2
        ldx rt_t5
        stx rt_a3
        ror rt_a3
        jmp rt_fpack
