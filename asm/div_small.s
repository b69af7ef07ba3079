// Unsigned quotients and remainders for programs that shall be small; div_fast.s has the same
// routines, faster.
// A division by zero gives all ones and the dividend as remainder. Restoring division: shift left,
// compare, subtract.

// in: A = dividend, Y = divisor, unsigned   out: A = quotient, X = remainder
// clobbers: A, X, Y, rt_t0, rt_t1
// cycles: 175 to 191, 176 on average
.routine rt_udiv8
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

// in: rt_a0/rt_a1 = dividend, rt_b0/rt_b1 = divisor, unsigned
// out: rt_a0/rt_a1 = quotient, also in A (low) and X (high); rt_c0/rt_c1 = remainder
// clobbers: A, X, Y, rt_a0, rt_a1, rt_c0, rt_c1
// cycles: 730 to 900, 757 on average
.routine rt_udiv16
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

// in: rt_a0-rt_a3 = dividend, Y = divisor, unsigned
// out: rt_a0-rt_a3 = quotient, A = remainder, except by zero
// clobbers: A, X, Y, rt_a0-rt_a3, rt_t0
// cycles: 1,138 to 1,380, 1,204 on average
.routine rt_udiv32b
        sty rt_t0
        lda #0
        ldx #32
loop:   asl rt_a0
        rol rt_a1
        rol rt_a2
        rol rt_a3
        rol
        bcs subtract
        cmp rt_t0
        bcc next
subtract:
        sbc rt_t0
        inc rt_a0
next:   dex
        bne loop
        rts

// in: rt_a0-rt_a3 = dividend, rt_b0/rt_b1 = divisor, unsigned
// out: rt_a0-rt_a3 = quotient, rt_c0/rt_c1 = remainder, except by zero
// clobbers: A, X, Y, rt_a0-rt_a3, rt_c0, rt_c1
// cycles: 1,680 to 2,400, 1,847 on average
.routine rt_udiv32w
        ldx #32
        lda #0
        sta rt_c0
        sta rt_c1
loop:   asl rt_a0
        rol rt_a1
        rol rt_a2
        rol rt_a3
        rol rt_c0
        rol rt_c1
        lda rt_c0
        bcs !+
        cmp rt_b0
        lda rt_c1
        sbc rt_b1
        bcc next
        lda rt_c0
!:      sbc rt_b0
        sta rt_c0
        lda rt_c1
        sbc rt_b1
        sta rt_c1
        inc rt_a0
next:   dex
        bne loop
        rts

// in: rt_a0-rt_a3 = dividend, rt_b0-rt_b3 = divisor, unsigned
// out: rt_a0-rt_a3 = quotient, rt_c0-rt_c3 = remainder
// clobbers: A, X, Y, rt_a0-rt_a3, rt_c0-rt_c3, rt_t0-rt_t3
// cycles: 3,860 to 5,800, 4,066 on average
.routine rt_udiv32
        lda #0
        ldx #3
!:      sta rt_c0,x
        dex
        bpl !-
        ldy #32
loop:   asl rt_a0
        rol rt_a1
        rol rt_a2
        rol rt_a3
        rol rt_c0
        rol rt_c1
        rol rt_c2
        rol rt_c3
        sec
        ldx #256 - 4
!:      lda rt_c0 + 4,x         // wraps within the zero page
        sbc rt_b0 + 4,x
        sta rt_t0 + 4,x
        inx
        bne !-
        bcc next
        ldx #3
!:      lda rt_t0,x
        sta rt_c0,x
        dex
        bpl !-
        inc rt_a0
next:   dey
        bne loop
        rts
