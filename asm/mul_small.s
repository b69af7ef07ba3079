// Integer products for programs that shall be small; mul_fast.s has the same routines, faster.
// Every routine works for signed and unsigned values unless it says otherwise.

// in: A = left, Y = right   out: A = low byte, X = high byte of the unsigned product
// clobbers: A, X, Y, rt_t0, rt_t1
// cycles: 151 to 183, 167 on average
.routine rt_mul8
        sta rt_t0
        sty rt_t1
        lda #0
        ldx #8
        lsr rt_t0
loop:   bcc even
        clc
        adc rt_t1
even:   ror
        ror rt_t0
        dex
        bne loop
        tax
        lda rt_t0
        rts

// in: rt_a0/rt_a1, rt_b0/rt_b1   out: A = low byte, X = high byte of the product
// clobbers: A, X, Y, rt_a0, rt_a1, rt_b0, rt_b1
// cycles: 49 to 740, 490 on average
// Ends with the highest bit of the second factor.
.routine rt_mul16
        lda #0                  // low byte of the sum; X is the high byte
        tax
loop:   lsr rt_b1
        ror rt_b0
        bcc even
        clc
        adc rt_a0
        tay
        txa
        adc rt_a1
        tax
        tya
even:   asl rt_a0
        rol rt_a1
        ldy rt_b0
        bne loop
        ldy rt_b1
        bne loop
        rts

// in: rt_a0/rt_a1, rt_b0/rt_b1, unsigned   out: rt_a0-rt_a3 = product
// clobbers: A, X, Y, rt_a0-rt_a3
// cycles: 430 to 710, 556 on average
.routine rt_mul16w
        lda #0
        sta rt_a2
        ldx #16
        lsr rt_a1
        ror rt_a0
loop:   bcc even
        tay
        clc
        lda rt_a2
        adc rt_b0
        sta rt_a2
        tya
        adc rt_b1
even:   ror
        ror rt_a2
        ror rt_a1
        ror rt_a0
        dex
        bne loop
        sta rt_a3
        rts

// in: rt_a0-rt_a3, rt_b0-rt_b3   out: rt_a0-rt_a3 = product
// clobbers: A, X, Y, rt_a0-rt_a3, rt_b0-rt_b3, rt_c0-rt_c3
// cycles: 1,625 to 3,900, 2,573 on average
.routine rt_mul32
        ldx #3
!:      lda rt_a0,x
        sta rt_c0,x
        lda #0
        sta rt_a0,x
        dex
        bpl !-
        ldy #32
loop:   lsr rt_c3
        ror rt_c2
        ror rt_c1
        ror rt_c0
        bcc even
        clc
        ldx #256 - 4
!:      lda rt_a0 + 4,x         // wraps within the zero page
        adc rt_b0 + 4,x
        sta rt_a0 + 4,x
        inx
        bne !-
even:   asl rt_b0
        rol rt_b1
        rol rt_b2
        rol rt_b3
        dey
        bne loop
        rts
