// Shifts by a count that is only known at run time. A count of the width or more gives 0 or the
// sign. The count is unsigned; one of more than 8 bits is cut by the caller to 255.

// in: A = value, Y = count   out: A
// clobbers: A, Y
// cycles: 19 to 80, 23 on average
.routine rt_shl8
        cpy #8
        bcs zero
        iny
        bne first
loop:   asl
first:  dey
        bne loop
        rts
zero:   lda #0
        rts

// in: A = value, Y = count   out: A
// clobbers: A, Y
// cycles: 19 to 80, 23 on average
.routine rt_shr8
        cpy #8
        bcs zero
        iny
        bne first
loop:   lsr
first:  dey
        bne loop
        rts
zero:   lda #0
        rts

// in: A = value, Y = count   out: A
// clobbers: A, Y
// cycles: 24 to 90, 28 on average
.routine rt_sar8
        cpy #8
        bcs sign
        iny
        bne first
loop:   cmp #$80
        ror
first:  dey
        bne loop
        rts
sign:   asl
        lda #0
        bcc !+
        lda #$ff
!:      rts

// in: rt_a0/rt_a1 = value, Y = count   out: A = low byte, X = high byte
// clobbers: A, X, Y, rt_a0
// cycles: 29 to 120, 40 on average
.routine rt_shl16
        lda rt_a1
        cpy #8
        bcs bytes
        iny
        bne first
loop:   asl rt_a0
        rol
first:  dey
        bne loop
        tax
        lda rt_a0
        rts
bytes:  cpy #16
        bcs zero
        lda rt_a0
        cpy #8
        beq whole
!:      asl
        dey
        cpy #8
        bne !-
whole:  tax
        lda #0
        rts
zero:   lda #0
        tax
        rts

// in: rt_a0/rt_a1 = value, Y = count   out: A = low byte, X = high byte
// clobbers: A, X, Y, rt_a0
// cycles: 29 to 120, 39 on average
.routine rt_shr16
        lda rt_a1
        cpy #8
        bcs bytes
        iny
        bne first
loop:   lsr
        ror rt_a0
first:  dey
        bne loop
        tax
        lda rt_a0
        rts
bytes:  ldx #0
        cpy #16
        bcs zero
        cpy #8
        beq whole
!:      lsr
        dey
        cpy #8
        bne !-
whole:  rts
zero:   txa
        rts

// in: rt_a0/rt_a1 = value, Y = count   out: A = low byte, X = high byte
// clobbers: A, X, Y, rt_a0
// cycles: 33 to 140, 46 on average
.routine rt_sar16
        lda rt_a1
        cpy #8
        bcs bytes
        iny
        bne first
loop:   cmp #$80
        ror
        ror rt_a0
first:  dey
        bne loop
        tax
        lda rt_a0
        rts
bytes:  ldx #0
        cmp #$80
        bcc !+
        dex
!:      cpy #16
        bcs sign
        cpy #8
        beq whole
!:      cmp #$80
        ror
        dey
        cpy #8
        bne !-
whole:  rts
sign:   txa
        rts

// in: rt_a0-rt_a3 = value, Y = count   out: rt_a0-rt_a3
// clobbers: A, X, Y, rt_a0-rt_a3
// cycles: 31 to 300, 102 on average
.routine rt_shl32
        cpy #32
        bcs zero
bytes:  cpy #8
        bcc bits
        lda rt_a2
        sta rt_a3
        lda rt_a1
        sta rt_a2
        lda rt_a0
        sta rt_a1
        lda #0
        sta rt_a0
        tya
        sbc #8                  // the carry is set
        tay
        jmp bytes
bits:   lda rt_a3
        iny
        bne first
loop:   asl rt_a0
        rol rt_a1
        rol rt_a2
        rol
first:  dey
        bne loop
        sta rt_a3
        rts
zero:   lda #0
        sta rt_a0
        sta rt_a1
        sta rt_a2
        sta rt_a3
        rts

// in: rt_a0-rt_a3 = value, Y = count   out: rt_a0-rt_a3
// clobbers: A, X, Y, rt_a0-rt_a3
// cycles: 32 to 310, 106 on average
.routine rt_shr32
        ldx #0
// the bytes that come in from the left are X
rt_shr32_fill:
        cpy #32
        bcs all
bytes:  cpy #8
        bcc bits
        lda rt_a1
        sta rt_a0
        lda rt_a2
        sta rt_a1
        lda rt_a3
        sta rt_a2
        stx rt_a3
        tya
        sbc #8                  // the carry is set
        tay
        jmp bytes
bits:   lda rt_a3
        iny
        bne first
loop:   cpx #1                  // the bit that comes in
        ror
        ror rt_a2
        ror rt_a1
        ror rt_a0
first:  dey
        bne loop
        sta rt_a3
        rts
all:    stx rt_a0
        stx rt_a1
        stx rt_a2
        stx rt_a3
        rts

// in: rt_a0-rt_a3 = value, Y = count   out: rt_a0-rt_a3
// clobbers: A, X, Y, rt_a0-rt_a3
// cycles: 41 to 320, 116 on average
.routine rt_sar32
        ldx #0
        lda rt_a3
        bpl !+
        dex
!:      jmp rt_shr32_fill
