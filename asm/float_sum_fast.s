// Float sums and differences; see float.s for the format and the rounding.

// in: rt_a0-rt_a3, rt_b0-rt_b3 = floats   out: rt_a0-rt_a3 = first - second
// clobbers: A, X, Y, rt_a0-rt_a3, rt_b0-rt_b3, rt_t0-rt_t5
// cycles: 41 to 510, 187 on average
.routine rt_fsub
        lda rt_b1
        eor #$80
        sta rt_b1
        jmp rt_fadd

// in: rt_a0-rt_a3, rt_b0-rt_b3 = floats   out: rt_a0-rt_a3 = sum
// clobbers: A, X, Y, rt_a0-rt_a3, rt_b0-rt_b3, rt_t0-rt_t5
// cycles: 30 to 500, 190 on average
// The number with the smaller exponent is shifted right until the exponents agree; its bits below
// the last place go into a guard byte, and the carry of a subtraction remembers what went beyond.
.routine rt_fadd
        lda rt_a0
        beq take_b
        sec
        sbc rt_b0
        bcc b_larger
        ldx rt_b0
        beq return
        tay                     // difference of the exponents
        lda rt_a1
        sta rt_t0
        eor rt_b1
        sta rt_t1               // bit 7: the signs differ
        lda rt_b3
        sta rt_t3
        lda rt_b2
        sta rt_t4
        lda rt_b1
        jmp align
take_b: lda rt_b0
        sta rt_a0
        beq canonical
        lda rt_b1
        sta rt_a1
        lda rt_b2
        sta rt_a2
        lda rt_b3
        sta rt_a3
return: rts
canonical:
        sta rt_a1
        sta rt_a2
        sta rt_a3
        rts
b_larger:
        eor #$ff
        adc #1                  // the carry is clear
        tay
        lda rt_b1
        sta rt_t0
        eor rt_a1
        sta rt_t1
        lda rt_a3
        sta rt_t3
        lda rt_b3
        sta rt_a3
        lda rt_a2
        sta rt_t4
        lda rt_b2
        sta rt_a2
        lda rt_b0
        sta rt_a0
        lda rt_a1
        ldx rt_b1
        stx rt_a1
align:  // The larger number is in rt_a, the smaller one in A, rt_t4, rt_t3; Y is the distance.
        ldx #0
        stx rt_t2               // guard byte
        ora #$80
        cpy #8
        bcc !+
        jmp far
!:      bit rt_t1
        bpl same
        dey
        bmi !+
!loop:  lsr
        ror rt_t4
        ror rt_t3
        ror rt_t2
        dey
        bpl !loop-
!:      jmp differ
shift_left:
        // Five to seven places right: a byte right and up to three places left.
        sta rt_t5
        tya
        eor #7
        tay                     // places left, less one is 0 to 2: Y = 4, 5, 6 gives 3, 2, 1
        lda rt_t3
        ldx rt_t4
        stx rt_t3
        ldx rt_t5
        stx rt_t4
        sta rt_t2
        lda #0
!:      asl rt_t2
        rol rt_t3
        rol rt_t4
        rol
        dey
        bne !-
        jmp aligned
same:   // Same sign: add. Of the bits shifted out only the last one counts.
        dey
        bmi aligned
        cpy #4
        bcs shift_left
!:      lsr
        ror rt_t4
        ror rt_t3
        dey
        bpl !-
        ror rt_t2
aligned:
        tax
        lda rt_t3
        clc
        adc rt_a3
        sta rt_a3
        lda rt_t4
        adc rt_a2
        sta rt_a2
        lda rt_a1
        ora #$80
        sta rt_a1
        txa
        adc rt_a1
        bcc round
        ror
        ror rt_a2
        ror rt_a3
        inc rt_a0
        beq overflow
        bcc pack
        bcs up                  // the bit shifted out rounds
round:  asl rt_t2
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
pack:   asl
        asl rt_t0
        ror
        sta rt_a1
        rts
overflow:
        lda #$ff
        sta rt_a0
        sta rt_a2
        sta rt_a3
        asl rt_t0
        ror
        sta rt_a1
        rts
far:    cpy #26
        bcc !+
        rts                     // too small to matter
!:      bit rt_t1
        bmi far_differ
!:      ldx rt_t3
        stx rt_t2
        ldx rt_t4
        stx rt_t3
        sta rt_t4
        tya
        sec
        sbc #8
        tay
        lda #0
        cpy #8
        bcs !-
        jmp same
far_differ:
        stx rt_t5               // what is shifted beyond the guard byte
bytes:  tax
        lda rt_t2
        ora rt_t5
        sta rt_t5
        lda rt_t3
        sta rt_t2
        lda rt_t4
        sta rt_t3
        stx rt_t4
        tya
        sec
        sbc #8
        tay
        lda #0
        cpy #8
        bcs bytes
        ldx rt_t5
        dey
        bmi aligned_far
!:      lsr
        ror rt_t4
        ror rt_t3
        ror rt_t2
        bcc !next+
        ldx #1
!next:  dey
        bpl !-
aligned_far:
        cpx #1                  // carry: bits were lost
        tax
        lda #0
        bcs !+
        sec
        bcs subtract
!:      clc
        bcc subtract
differ: // Different signs: subtract, guard byte included.
        tax
        lda #0
        sec
subtract:
        sbc rt_t2
        sta rt_t2
        stx rt_t5
        lda rt_a3
        sbc rt_t3
        sta rt_a3
        lda rt_a2
        sbc rt_t4
        sta rt_a2
        lda rt_a1
        ora #$80
        sbc rt_t5
        bcs normalise
        // The exponents were equal and the second mantissa larger.
        eor #$ff
        tax
        lda #0
        sec
        sbc rt_a3
        sta rt_a3
        lda #0
        sbc rt_a2
        sta rt_a2
        txa
        adc #0
        tax
        lda rt_t0
        eor #$80
        sta rt_t0
        txa
normalise:
        tax
        bmi normal
        bne bits
        // Whole bytes, as many as are 0.
        ldy rt_a0
!:      lda rt_a2
        bne !found+
        lda rt_a3
        beq !last+
        sta rt_a2
        lda rt_t2
        sta rt_a3
        lda #0
        sta rt_t2
        tya
        sec
        sbc #8
        bcc underflow
        tay
        jmp !-
!last:  lda rt_t2
        beq underflow
        sta rt_a2
        lda #0
        sta rt_t2
        tya
        sec
        sbc #16
        bcc underflow
        tay
        lda rt_a2
!found: sta rt_t5
        lda rt_a3
        sta rt_a2
        lda rt_t2
        sta rt_a3
        lda #0
        sta rt_t2
        tya
        sec
        sbc #8
        bcc underflow
        beq underflow
        sta rt_a0
        lda rt_t5
        bmi normal
bits:   dec rt_a0
        beq underflow
        asl rt_t2
        rol rt_a3
        rol rt_a2
        rol
        bpl bits
normal: asl rt_t2
        bcc !+
        jmp up
!:      jmp pack
underflow:
        lda #0
        sta rt_a0
        sta rt_a1
        sta rt_a2
        sta rt_a3
        rts
