// Unsigned quotients and remainders for programs that shall be fast; div_small.s has the same
// routines, shorter.
// A division by zero gives all ones and the dividend as remainder. Restoring division: shift left,
// compare, subtract.

// in: A = dividend, Y = divisor, unsigned   out: A = quotient, X = remainder
// clobbers: A, X, Y, rt_t0, rt_t1
// cycles: 111 to 152, 114 on average
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

// in: rt_a0/rt_a1 = dividend, rt_b0/rt_b1 = divisor, unsigned
// out: rt_a0/rt_a1 = quotient, also in A (low) and X (high); rt_c0/rt_c1 = remainder
// clobbers: A, X, Y, rt_a0, rt_a1, rt_c0, rt_c1
// cycles: 59 to 450, 226 on average
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

// in: rt_a0-rt_a3 = dividend, Y = divisor, unsigned
// out: rt_a0-rt_a3 = quotient, A = remainder, except by zero
// clobbers: A, X, Y, rt_a0-rt_a3, rt_t0
// cycles: 104 to 870, 486 on average
// From the highest byte down; those below the divisor in front need no steps.
.routine rt_udiv32b
        sty rt_t0
        ldx #3
        ldy #0
skip:   lda rt_a0,x
        cmp rt_t0
        bcs whole
        sty rt_a0,x
        dex
        bmi done
        tay
        beq skip
        bne start
whole:  tya
start:  bit rt_t0
        bmi large
byte:   asl rt_a0,x
        rol
        cmp rt_t0
        bcc !+
        sbc rt_t0
!:      rol rt_a0,x
        rol
        cmp rt_t0
        bcc !+
        sbc rt_t0
!:      rol rt_a0,x
        rol
        cmp rt_t0
        bcc !+
        sbc rt_t0
!:      rol rt_a0,x
        rol
        cmp rt_t0
        bcc !+
        sbc rt_t0
!:      rol rt_a0,x
        rol
        cmp rt_t0
        bcc !+
        sbc rt_t0
!:      rol rt_a0,x
        rol
        cmp rt_t0
        bcc !+
        sbc rt_t0
!:      rol rt_a0,x
        rol
        cmp rt_t0
        bcc !+
        sbc rt_t0
!:      rol rt_a0,x
        rol
        cmp rt_t0
        bcc !+
        sbc rt_t0
!:      rol rt_a0,x
        dex
        bpl byte
done:   rts
large:  ldy #8                  // the remainder may have nine bits
!loop:  rol rt_a0,x
        rol
        bcs !subtract+
        cmp rt_t0
        bcc !next+
!subtract:
        sbc rt_t0
        sec
!next:  dey
        bne !loop-
        rol rt_a0,x
        dex
        bpl large
        rts

// in: rt_a0-rt_a3 = dividend, rt_b0/rt_b1 = divisor, unsigned
// out: rt_a0-rt_a3 = quotient, rt_c0/rt_c1 = remainder, except by zero
// clobbers: A, X, Y, rt_a0-rt_a3, rt_c0, rt_c1, rt_t0
// cycles: 130 to 1,190, 710 on average
// With a divisor above 255 the quotient has no more than three bytes. The bytes of the dividend in
// front that cannot hold the divisor are the first remainder.
.routine rt_udiv32w
        lda rt_b1
        beq narrow
        ldx #2
        ldy #0
        sty rt_c1
        lda rt_a2
        cmp rt_b0
        lda rt_a3
        sbc rt_b1
        lda rt_a3
        sty rt_a3
        bcs byte
        dex
        sta rt_c1
        ora rt_a2
        beq word
        lda rt_a2
        sty rt_a2
byte:   ldy #8
        // The low byte of the remainder is in A.
bit:    rol rt_a0,x
        rol
        rol rt_c1
        bcs over
        sta rt_c0
        cmp rt_b0
        lda rt_c1
        sbc rt_b1
        bcc less
take:   sta rt_c1
        lda rt_c0
        sbc rt_b0               // the borrow of the low byte was in the high byte already
        sec
        dey
        bne bit
        beq next
less:   lda rt_c0
        dey
        bne bit
next:   rol rt_a0,x
        dex
        bpl byte
        sta rt_c0
        rts
over:   sta rt_c0
        cmp rt_b0
        lda rt_c1
        sbc rt_b1
        sec
        bcs take
word:   lda rt_a1
        sty rt_a1
        dex
        bpl byte
narrow: sta rt_c1
        ldy rt_b0
        jsr rt_udiv32b
        sta rt_c0
        rts

// in: rt_a0-rt_a3 = dividend, rt_b0-rt_b3 = divisor, unsigned
// out: rt_a0-rt_a3 = quotient, rt_c0-rt_c3 = remainder
// clobbers: A, X, Y, rt_a0-rt_a3, rt_c0-rt_c3, rt_t0
// cycles: 114 to 1,700, 821 on average
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
        jmp rt_udiv32w
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
