// Unsigned integers as decimal text, for programs that shall be small: each power of ten is
// subtracted until it no longer fits. number_fast.s has the same routines, faster.

// in: A = value   out: A/X = address of the text
// clobbers: A, X, Y, rt_a0, rt_a1, rt_t0, rt_t1
// cycles: 157 to 536, 344 on average
.routine rt_str_u8
        ldy #0
// in: A = value, Y = characters that are there already
rt_str_u8_digits:
        sta rt_a0
        lda #0
        sta rt_a1
        ldx #1
        jmp rt_str_u16_powers

// in: A/X = value   out: A/X = address of the text
// clobbers: A, X, Y, rt_a0, rt_a1, rt_t0, rt_t1
// cycles: 260 to 1,460, 869 on average
.routine rt_str_u16
        sta rt_a0
        stx rt_a1
        ldy #0
// in: rt_a0/rt_a1 = value, Y = characters that are there already
rt_str_u16_digits:
        ldx #3
// X = number of powers of ten to divide by, less one
rt_str_u16_powers:
        sty rt_t1
power:  lda #'0' - 1
        sta rt_t0
        sec
take:   inc rt_t0
        lda rt_a0
        sbc lows,x
        pha
        lda rt_a1
        sbc highs,x
        bcc small
        sta rt_a1
        pla
        sta rt_a0
        bcs take
small:  pla
        lda rt_t0
        cpy rt_t1
        bne put                 // digits after the first may be zero
        cmp #'0'
        beq skip
put:    sta rt_number + 1,y
        iny
skip:   dex
        bpl power
        lda rt_a0
        ora #'0'
        sta rt_number + 1,y
        iny
        sty rt_number
        lda #<rt_number
        ldx #>rt_number
        rts
lows:   .byte <10, <100, <1000, <10000
highs:  .byte >10, >100, >1000, >10000

// in: rt_a0-rt_a3 = value   out: A/X = address of the text
// clobbers: A, X, Y, rt_a0-rt_a3, rt_t0-rt_t5
// cycles: 675 to 5,700, 2,646 on average
.routine rt_str_u32
        ldy #0
// in: rt_a0-rt_a3 = value, Y = characters that are there already
rt_str_u32_digits:
        sty rt_t1
        ldx #8
power:  lda #'0' - 1
        sta rt_t0
        sec
take:   inc rt_t0
        lda rt_a0
        sbc byte0,x
        sta rt_t2
        lda rt_a1
        sbc byte1,x
        sta rt_t3
        lda rt_a2
        sbc byte2,x
        sta rt_t4
        lda rt_a3
        sbc byte3,x
        bcc small
        sta rt_a3
        lda rt_t4
        sta rt_a2
        lda rt_t3
        sta rt_a1
        lda rt_t2
        sta rt_a0
        bcs take
small:  lda rt_t0
        cpy rt_t1
        bne put                 // digits after the first may be zero
        cmp #'0'
        beq skip
put:    sta rt_number + 1,y
        iny
skip:   dex
        bpl power
        lda rt_a0
        ora #'0'
        sta rt_number + 1,y
        iny
        sty rt_number
        lda #<rt_number
        ldx #>rt_number
        rts
byte0:  .byte $0a, $64, $e8, $10, $a0, $40, $80, $00, $00
byte1:  .byte $00, $00, $03, $27, $86, $42, $96, $e1, $ca
byte2:  .byte $00, $00, $00, $00, $01, $0f, $98, $f5, $9a
byte3:  .byte $00, $00, $00, $00, $00, $00, $00, $05, $3b
