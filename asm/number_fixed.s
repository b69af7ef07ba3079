// Fixed-point numbers as decimal text in rt_number, and the number of decimals of any text there.

// in: rt_a0-rt_a3 = 16.16   out: A/X = address of the text
// clobbers: A, X, Y, rt_a0-rt_a3, rt_c0, rt_c1, rt_t0-rt_t5
// cycles: 225 to 1,480, 1,000 on average; small: 300 to 2,300, 1,240 on average
// The fewest decimals that a literal needs to give the same number, of these the nearest to it:
// digits of the fraction until the last one, or the next higher, is less than half a unit away.
.routine rt_str_f32
        ldy #0
        lda rt_a3
        bpl !+
        ldx #rt_a0
        jsr rt_neg32
        lda #'-'
        sta rt_number + 1
        iny
!:      lda rt_a0
        sta rt_c0
        lda rt_a1
        sta rt_c1
        lda rt_a2
        sta rt_a0
        lda rt_a3
        sta rt_a1
        ldx #0
// whole part in rt_a0/rt_a1, fraction in rt_c0/rt_c1, Y = characters that are there already,
// X = where the unit's tenfolds begin in the table
rt_str_fixed:
        stx rt_t5
        jsr rt_str_u16_digits
        ldy rt_number
        lda rt_c0
        ora rt_c1
        beq last
        lda #'.'
        iny
        sta rt_number,y
        ldx rt_t5
digit:  lda #0
        sta rt_t2
        asl rt_c0
        rol rt_c1
        rol rt_t2
        lda rt_c0
        sta rt_a0
        lda rt_c1
        sta rt_a1
        lda rt_t2
        sta rt_a2
        asl rt_c0
        rol rt_c1
        rol rt_t2
        asl rt_c0
        rol rt_c1
        rol rt_t2
        clc
        lda rt_c0
        adc rt_a0
        sta rt_c0
        lda rt_c1
        adc rt_a1
        sta rt_c1
        lda rt_t2
        adc rt_a2
        ora #'0'
        iny
        sta rt_number,y
        ldx rt_t5
        lda rt_c1
        bmi above
        cmp highs,x
        bcc last
        bne more
        lda rt_c0
        cmp lows,x
        bcc last
more:   inc rt_t5
        bne digit               // always
above:  sec
        lda #0
        sbc rt_c0
        sta rt_a0
        lda #0
        sbc rt_c1
        cmp highs,x
        bcc up
        bne more
        lda rt_a0
        cmp lows,x
        bcs more
up:     lda rt_number,y
        adc #1                  // the carry is clear; the digit is never 9
        sta rt_number,y
last:   sty rt_number
        lda #<rt_number
        ldx #>rt_number
        rts
// half a unit of 16.16, then of 8.8, after each decimal
lows:   .byte <5, <50, <500, <5000, $ff, <1280, <12800, $ff
highs:  .byte >5, >50, >500, >5000, $ff, >1280, >12800, $ff

// in: A = low byte, X = high byte of an 8.8 number   out: A/X = address of the text
// clobbers: A, X, Y, rt_a0-rt_a3, rt_c0, rt_c1, rt_t0-rt_t5
// cycles: 169 to 722, 583 on average; small: 300 to 1,200, 830 on average
.routine rt_str_f16
        ldy #0
        sty rt_a1
        sty rt_c0
        cpx #$80
        bcc !+
        eor #$ff
        adc #0                  // the carry is set
        sta rt_c1
        txa
        eor #$ff
        adc #0
        tax
        lda #'-'
        sta rt_number + 1
        iny
        bne !negative+
!:      sta rt_c1
!negative:
        stx rt_a0
        ldx #5
        jmp rt_str_fixed

// Cuts the text in rt_number off after some decimals or fills it up with zeros; an exponent stays.
// in: A = number of decimals   out: A/X = address of the text
// clobbers: A, X, Y, rt_a0-rt_a3, rt_t0-rt_t3
// cycles: at most 5,000
.routine rt_str_decimals
        sta rt_t0
        ldy #0
        sty rt_t1               // length of the exponent, which is kept in rt_a
        sty rt_t3               // where the point is
scan:   cpy rt_number
        beq scanned
        iny
        lda rt_number,y
        cmp #'.'
        bne !+
        sty rt_t3
        bne scan
!:      cmp #'-'
        beq scan
        cmp #'0'
        bcc scan
        cmp #'9' + 1
        bcc scan
        ldx #0
        sty rt_t2
!:      sta rt_a0,x
        inx
        iny
        lda rt_number,y
        cpx #4
        bne !-
        stx rt_t1
        ldy rt_t2
        dey
scanned:
        sty rt_t2               // where the number ends
        lda rt_t0
        bne some
        ldy rt_t3
        beq !+
        dey
        jmp exponent
!:      ldy rt_t2
        jmp exponent
some:   ldy rt_t3
        bne !+
        ldy rt_t2
        iny
        sty rt_t3
        sty rt_t2
        lda #'.'
        sta rt_number,y
!:      // rt_t3 = place of the point; as many characters as are there count
        lda rt_t2
        sec
        sbc rt_t3
        cmp rt_t0
        bcc fill
        lda rt_t3
        adc rt_t0
        tay
        dey                     // the carry was set
        jmp exponent
fill:   sta rt_t3
        lda rt_t0
        sec
        sbc rt_t3
        tax
        ldy rt_t2
        lda #'0'
!:      cpy #255
        beq full
        iny
        sta rt_number,y
        dex
        bne !-
exponent:
        ldx #0
!:      cpx rt_t1
        beq full
        cpy #255
        beq full
        lda rt_a0,x
        iny
        sta rt_number,y
        inx
        bne !-
full:   sty rt_number
        lda #<rt_number
        ldx #>rt_number
        rts
