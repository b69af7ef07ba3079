// Unsigned integers as decimal text, for programs that shall be fast: one power of ten is subtracted
// until the rest is negative, the next one added until it is not, so that nothing is put back.
// number_small.s has the same routines, shorter.

// in: A = value   out: A/X = address of the text
// clobbers: A, X, Y, rt_a0, rt_a1, rt_t1
// cycles: 108 to 188, 150 on average
.routine rt_str_u8
        ldy #0
// in: A = value, Y = characters that are there already
rt_str_u8_digits:
        sty rt_t1
        ldx #0
        stx rt_a1
// in: A, rt_a1 = value below 1000, rt_t1 = characters before the number, Y = before the next digit
rt_str_hundreds:
        ldx #'0' - 1
!:      sec
!take:  inx
        sbc #100
        bcs !take-
        dec rt_a1
        bpl !-
        sta rt_a0
        txa
        cpy rt_t1
        bne !+                  // digits after the first may be zero
        cmp #'0'
        beq !skip+
!:      sta rt_number + 1,y
        iny
!skip:  lda rt_a0
        ldx #'9' + 1
        clc
!:      dex
        adc #10
        bcc !-
        sta rt_a0
        txa
        cpy rt_t1
        bne !+
        cmp #'0'
        beq !skip+
!:      sta rt_number + 1,y
        iny
!skip:  lda rt_a0
        ora #'0'
        sta rt_number + 1,y
        iny
        sty rt_number
        lda #<rt_number
        ldx #>rt_number
        rts

// in: A/X = value   out: A/X = address of the text
// clobbers: A, X, Y, rt_a0, rt_a1, rt_t0, rt_t1
// cycles: 125 to 690, 446 on average
.routine rt_str_u16
        sta rt_a0
        stx rt_a1
        ldy #0
// in: rt_a0/rt_a1 = value, Y = characters that are there already
rt_str_u16_digits:
        sty rt_t1
        lda #0
        sta rt_t0
        ldx rt_a1
        bne rt_str_ten_thousands
        lda rt_a0
        jmp rt_str_hundreds
// in: rt_a0, rt_a1, rt_t0 = value below 100000, rt_t1 = characters before the number,
//     Y = before the next digit
rt_str_ten_thousands:
        ldx #'0' - 1
!:      sec
!take:  inx
        lda rt_a0
        sbc #<10000
        sta rt_a0
        lda rt_a1
        sbc #>10000
        sta rt_a1
        bcs !take-
        dec rt_t0
        bpl !-
        txa
        cpy rt_t1
        bne !+
        cmp #'0'
        beq !skip+
!:      sta rt_number + 1,y
        iny
!skip:  ldx #'9' + 1
        clc
!:      dex
        lda rt_a0
        adc #<1000
        sta rt_a0
        lda rt_a1
        adc #>1000
        sta rt_a1
        bcc !-
        txa
        cpy rt_t1
        bne !+
        cmp #'0'
        beq !skip+
!:      sta rt_number + 1,y
        iny
!skip:  lda rt_a0
        jmp rt_str_hundreds

// in: rt_a0-rt_a3 = value   out: A/X = address of the text
// clobbers: A, X, Y, rt_a0-rt_a3, rt_t0, rt_t1
// cycles: 130 to 3,000, 1,491 on average
.routine rt_str_u32
        ldy #0
// in: rt_a0-rt_a3 = value, Y = characters that are there already
rt_str_u32_digits:
        lda rt_a2
        ora rt_a3
        bne wide
        jmp rt_str_u16_digits
wide:   sty rt_t0
        sty rt_t1
        ldx #0
subtract:
        ldy #'0' - 1
        sec
!:      iny
        lda rt_a0
        sbc byte0,x
        sta rt_a0
        lda rt_a1
        sbc byte1,x
        sta rt_a1
        lda rt_a2
        sbc byte2,x
        sta rt_a2
        lda rt_a3
        sbc byte3,x
        sta rt_a3
        bcs !-
        jsr put
        cpx #5
        beq last
        ldy #'9' + 1
        clc
!:      dey
        lda rt_a0
        adc byte0,x
        sta rt_a0
        lda rt_a1
        adc byte1,x
        sta rt_a1
        lda rt_a2
        adc byte2,x
        sta rt_a2
        lda rt_a3
        adc byte3,x
        sta rt_a3
        bcc !-
        jsr put
        bne subtract
        // Once more up, to less than 100000.
last:   ldy rt_t0
        clc
        lda rt_a0
        adc #<100000
        sta rt_a0
        lda rt_a1
        adc #>100000
        sta rt_a1
        lda rt_a2
        adc #1
        sta rt_t0
        jmp rt_str_ten_thousands
// A digit in Y; the next power of ten.
put:    tya
        ldy rt_t0
        cpy rt_t1
        bne !+
        cmp #'0'
        beq !skip+
!:      sta rt_number + 1,y
        inc rt_t0
!skip:  inx
        rts
byte0:  .byte $00, $00, $80, $40, $a0
byte1:  .byte $ca, $e1, $96, $42, $86
byte2:  .byte $9a, $f5, $98, $0f, $01
byte3:  .byte $3b, $05, $00, $00, $00
