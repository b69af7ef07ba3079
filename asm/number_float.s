// Floats as decimal text in rt_number.

// The number in base 256, high byte first: 16 bytes before the point, 19 behind it.
.bss rt_float_big, 36
// Decimal digits: up to 39 before the point, then up to 8.
.bss rt_float_digits, 48

// in: rt_a0-rt_a3 = float   out: A/X = address of the text
// clobbers: A, X, Y, rt_a0-rt_a3, rt_b0, rt_b1, rt_c0-rt_c3, rt_t0-rt_t3
// cycles: at most 63,000
// Exact: the mantissa is placed in a large fixed-point number, whose digits before the point come
// from divisions by ten and those behind it from multiplications; the eighth digit rounds.
// Plain text for exponents from -4 to 6, else d.ddE+dd.
.routine rt_str_float
        lda rt_a0
        bne !+
        lda #'0'
        ldy #1
        sta rt_number,y
        jmp end
!:      lda #0
        ldx #35
!:      sta rt_float_big,x
        dex
        bpl !-
        sta rt_t3
        // Shift the mantissa so that its lowest bit is that of a byte, and store it.
        lda rt_a1
        sta rt_c0               // bit 7: sign
        ora #$80
        sta rt_t2
        lda rt_a0
        and #7
        tax
        beq placed
!:      asl rt_a3
        rol rt_a2
        rol rt_t2
        rol rt_t3
        dex
        bne !-
placed: lda rt_a0
        lsr
        lsr
        lsr
        eor #$ff
        sec
        adc #34
        tax
        sta rt_b0               // last byte that may not be 0
        lda rt_a3
        sta rt_float_big,x
        lda rt_a2
        sta rt_float_big - 1,x
        lda rt_t2
        sta rt_float_big - 2,x
        lda rt_t3
        sta rt_float_big - 3,x
        // Digits before the point, the last one first.
        lda #39
        sta rt_c1               // first digit
        sta rt_c2               // behind the last digit
        ldx #0
whole:  jsr skip_zeros
        cpx #16
        beq fraction
        lda #0
divide: ldy rt_float_big,x
        sty rt_t0
        ldy #8
        asl rt_t0
!loop:  rol
        cmp #10
        bcc !+
        sbc #10
!:      rol rt_t0
        dey
        bne !loop-
        tay
        lda rt_t0
        sta rt_float_big,x
        tya
        inx
        cpx #16
        bne divide
        dec rt_c1
        ldx rt_c1
        sta rt_float_digits,x
        ldx rt_b1
        jmp whole
skip_zeros:
        cpx #16
        beq !+
        lda rt_float_big,x
        bne !+
        inx
        bne skip_zeros
!:      stx rt_b1               // first byte that is not 0
        rts
fraction:
        lda #38
        sec
        sbc rt_c1
        sta rt_c3               // decimal exponent
        // Digits behind the point, until there are eight from the first that is not 0.
next:   ldx rt_b0
!:      cpx #16
        bcc round
        lda rt_float_big,x
        bne !+
        dex
        bne !-
!:      stx rt_b0
        lda rt_c2
        sec
        sbc rt_c1
        cmp #8
        bcs round
        lda #0
        sta rt_t1               // carry
times:  lda rt_float_big,x
        sta rt_t2
        ldy #0
        sty rt_t3
        asl
        rol rt_t3
        asl
        rol rt_t3
        clc                     // four times and once
        adc rt_t2
        bcc !+
        inc rt_t3
!:      asl
        rol rt_t3
        clc
        adc rt_t1
        sta rt_float_big,x
        bcc !+
        inc rt_t3
!:      lda rt_t3
        sta rt_t1
        dex
        cpx #16
        bcs times
        ldx rt_c2
        lda rt_t1
        bne store
        cpx rt_c1
        bne store
        dec rt_c3               // a zero before the first digit
        jmp next
store:  sta rt_float_digits,x
        inc rt_c2
        bne next
round:  lda rt_c1
        clc
        adc #7
        cmp rt_c2
        bcs strip               // no eighth digit
        sta rt_c2
        tax
        lda rt_float_digits,x
        cmp #5
        bcc strip
!:      dex
        inc rt_float_digits,x
        lda rt_float_digits,x
        cmp #10
        bne strip
        lda #0
        sta rt_float_digits,x
        cpx rt_c1
        bne !-
        lda #1                  // all were nines
        sta rt_float_digits,x
        inc rt_c3
strip:  ldx rt_c2
!:      dex
        lda rt_float_digits,x
        beq !-
        inx
        stx rt_c2
        // Text: Y = characters so far, X = next digit.
        ldy #0
        bit rt_c0
        bpl !+
        lda #'-'
        jsr put
!:      ldx rt_c1
        lda rt_c3
        clc
        adc #4
        cmp #11
        bcs scientific
        lda rt_c3
        bmi small
        sta rt_t0
!loop:  lda #0
        cpx rt_c2
        bcs !+
        lda rt_float_digits,x
        inx
!:      jsr put_digit
        dec rt_t0
        bpl !loop-
        jsr point
        jmp end
small:  eor #$ff
        sta rt_t0               // zeros behind the point
        lda #0
        jsr put_digit
        lda #'.'
        jsr put
!loop:  dec rt_t0
        bmi !+
        lda #0
        jsr put_digit
        jmp !loop-
!:      jsr rest
        jmp end
scientific:
        lda rt_float_digits,x
        inx
        jsr put_digit
        jsr point
        lda #<rt_letter_e
        jsr put
        lda #'+'
        ldx rt_c3
        bpl !+
        lda #0
        sec
        sbc rt_c3
        sta rt_c3
        lda #'-'
!:      jsr put
        lda rt_c3
        ldx #0
!:      cmp #10
        bcc !+
        sbc #10
        inx
        bcs !-
!:      sta rt_c3
        txa
        jsr put_digit
        lda rt_c3
        jsr put_digit
end:    sty rt_number
        lda #<rt_number
        ldx #>rt_number
        rts
point:  // and the digits that are left, if any
        cpx rt_c2
        bcs !+
        lda #'.'
        jsr put
rest:   lda rt_float_digits,x
        jsr put_digit
        inx
        cpx rt_c2
        bcc rest
!:      rts
put_digit:
        ora #'0'
put:    iny
        sta rt_number,y
        rts
