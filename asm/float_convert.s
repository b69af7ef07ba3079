// Conversions between float and integers or fixed point. To integers and fixed point: toward zero,
// modulo 2^32, and narrower types are the low bytes. From them: rounded to nearest, ties away
// from zero, which only 32-bit values need.

// in: A = low byte, X = high byte, unsigned   out: rt_a0-rt_a3 = float
// clobbers: A, X, Y, rt_a0-rt_a3, rt_t0
// cycles: 49 to 150, 67 on average
.routine rt_f_from_u16
        ldy #0
        sty rt_t0
        ldy #128 + 16
// A and X = magnitude, rt_t0 bit 7 = sign, Y = exponent if bit 7 of X is set
rt_f_from_word:
        sta rt_a2
        txa
        bne !+
        tya
        sec
        sbc #8
        tay
        lda rt_a2
        beq zero
        stx rt_a2
!:      ldx #0
        stx rt_a3
        tax
        bmi done
loop:   dey
        asl rt_a2
        rol
        bpl loop
done:   sty rt_a0
        asl
        asl rt_t0
        ror
        sta rt_a1
        rts
zero:   sta rt_a0
        sta rt_a1
        sta rt_a3
        rts

// in: A = low byte, X = high byte, signed   out: rt_a0-rt_a3 = float
// clobbers: A, X, Y, rt_a0-rt_a3, rt_t0
// cycles: 55 to 180, 98 on average
.routine rt_f_from_i16
        ldy #128 + 16
// Y = exponent if bit 7 of the magnitude's high byte is set
rt_f_from_signed_word:
        stx rt_t0
        cpx #$80
        bcc !+
        sta rt_a2
        txa
        eor #$ff
        tax
        lda rt_a2
        eor #$ff
        adc #0                  // the carry is set
        bcc !+
        inx
!:      jmp rt_f_from_word

// in: A = low byte, X = high byte of an 8.8 number   out: rt_a0-rt_a3 = float
// clobbers: A, X, Y, rt_a0-rt_a3, rt_t0
// cycles: 58 to 180, 101 on average
.routine rt_f_from_f16
        ldy #128 + 8
        jmp rt_f_from_signed_word

// in: rt_a0-rt_a3 = unsigned   out: rt_a0-rt_a3 = float
// clobbers: A, X, Y, rt_a0-rt_a3, rt_t0
// cycles: 59 to 340, 133 on average
.routine rt_f_from_u32
        lda #0
        sta rt_t0
        ldy #128 + 32
// rt_a = magnitude, rt_t0 bit 7 = sign, Y = exponent if its bit 31 is set
rt_f_from_magnitude:
        ldx #4
!:      lda rt_a3
        bne some
        lda rt_a2
        sta rt_a3
        lda rt_a1
        sta rt_a2
        lda rt_a0
        sta rt_a1
        lda #0
        sta rt_a0
        tya
        sec
        sbc #8
        tay
        dex
        bne !-
        stx rt_a0
        rts
some:   bmi done
loop:   dey
        asl rt_a0
        rol rt_a1
        rol rt_a2
        rol
        bpl loop
done:   ldx rt_a1
        stx rt_a3
        asl rt_a0
        sty rt_a0
        bcc pack
        inc rt_a3
        bne pack
        inc rt_a2
        bne pack
        adc #0                  // the carry is set
        bcc pack
        lda #$80
        inc rt_a0
pack:   asl
        asl rt_t0
        ror
        sta rt_a1
        rts

// in: rt_a0-rt_a3 = signed   out: rt_a0-rt_a3 = float
// clobbers: A, X, Y, rt_a0-rt_a3, rt_t0
// cycles: 86 to 400, 189 on average
.routine rt_f_from_i32
        ldy #128 + 32
// Y = exponent if bit 31 of the magnitude is set
rt_f_from_signed:
        lda rt_a3
        sta rt_t0
        bpl !+
        ldx #rt_a0
        jsr rt_neg32
!:      jmp rt_f_from_magnitude

// in: rt_a0-rt_a3 = 16.16 number   out: rt_a0-rt_a3 = float
// clobbers: A, X, Y, rt_a0-rt_a3, rt_t0
// cycles: 89 to 400, 192 on average
.routine rt_f_from_f32
        ldy #128 + 16
        jmp rt_f_from_signed

// in: rt_a0-rt_a3 = float   out: rt_a0-rt_a3 = integer
// clobbers: A, X, Y, rt_a0-rt_a3, rt_t0
// cycles: 41 to 670, 229 on average
.routine rt_f_to_i32
        lda #0
// A = how many bits after the point are wanted too
rt_f_to_scaled:
        clc
        adc rt_a0
        bcs zero
        sbc #128                // the carry is clear
        bcc zero                // nothing before the point
        cmp #32 + 24 - 1
        bcs zero                // nothing in the low 32 bits
        tay                     // bits before the point, less one
        lda rt_a1
        sta rt_t0
        ora #$80
        ldx rt_a3
        stx rt_a1
        ldx #0
        stx rt_a0
        cpy #32
        bcs left
        sta rt_a3               // the mantissa as a fraction, now 2^32 times too large
        tya
        eor #31
        tay
        lda rt_a3
        cpy #8
        bcc bits
bytes:  ldx rt_a1
        stx rt_a0
        ldx rt_a2
        stx rt_a1
        sta rt_a2
        tya
        sbc #8                  // the carry is set
        tay
        lda #0
        cpy #8
        bcs bytes
bits:   dey
        bmi done
!:      lsr
        ror rt_a2
        ror rt_a1
        ror rt_a0
        dey
        bpl !-
done:   sta rt_a3
sign:   bit rt_t0
        bpl return
        ldx #rt_a0
        jmp rt_neg32
return: rts
zero:   lda #0
        sta rt_a0
        sta rt_a1
        sta rt_a2
        sta rt_a3
        rts
left:   asl rt_a0
        rol rt_a1
        rol rt_a2
        rol
        dey
        cpy #31
        bne left
        beq done

// in: rt_a0-rt_a3 = float   out: A = low byte, X = high byte of an 8.8 number
// clobbers: A, X, Y, rt_a0-rt_a3, rt_t0
// cycles: 59 to 690, 248 on average
.routine rt_f_to_f16
        lda #8
        jsr rt_f_to_scaled
        lda rt_a0
        ldx rt_a1
        rts

// in: rt_a0-rt_a3 = float   out: rt_a0-rt_a3 = 16.16 number
// clobbers: A, X, Y, rt_a0-rt_a3, rt_t0
// cycles: 40 to 670, 210 on average
.routine rt_f_to_f32
        lda #16
        jmp rt_f_to_scaled
