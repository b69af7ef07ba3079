// Products from tables of quarter squares: a * b = f(a + b) - f(a - b), f(n) = n * n / 4 cut off.
// For programs that multiply often; start-up code calls rt_squares_init when one of these is
// linked. Four pointers with the first factor added select the tables, Y is the second factor.

// Low and high bytes of f(0) to f(511), then low and high bytes of f(n - 255) for n from 0 to 510.
.bss rt_squares, 2048, 256

// Fills the tables.
// in: nothing   out: nothing
// clobbers: A, X, Y, rt_a0, rt_a1
// cycles: at most 35,000
.routine rt_squares_init
        ldx #0
        stx rt_a0               // the square
        stx rt_a1
low:    txa
        eor #$ff
        tay
        lda rt_a0
        sta rt_squares,x
        sta rt_squares + 1024 + 255,x
        sta rt_squares + 1024,y
        lda rt_a1
        sta rt_squares + 512,x
        sta rt_squares + 1536 + 255,x
        sta rt_squares + 1536,y
        // The distance to the next is half the next number.
        inx
        txa
        beq middle
        lsr
        jsr add
        jmp low
middle: lda #128
!:      jsr add
        lda rt_a0
        sta rt_squares + 256,x
        lda rt_a1
        sta rt_squares + 768,x
        inx
        txa
        lsr
        ora #$80
        cpx #0
        bne !-
        rts
add:    clc
        adc rt_a0
        sta rt_a0
        bcc !+
        inc rt_a1
!:      rts

// in: A = left, Y = right   out: A = low byte, X = high byte of the unsigned product
// clobbers: A, X, Y, rt_t0, rt_t1
// cycles: 65 to 69, 66 on average
.routine rt_qmul8
        sta rt_t0
        sty rt_t1
        sec
        sbc rt_t1
        bcs !+
        eor #$ff
        adc #1                  // the carry is clear
!:      tay
        lda rt_t0
        clc
        adc rt_t1
        tax
        bcs high
        lda rt_squares,x
        sec
        sbc rt_squares,y
        sta rt_t0
        lda rt_squares + 512,x
        sbc rt_squares + 512,y
        tax
        lda rt_t0
        rts
high:   lda rt_squares + 256,x
        sbc rt_squares,y        // the carry is set
        sta rt_t0
        lda rt_squares + 768,x
        sbc rt_squares + 512,y
        tax
        lda rt_t0
        rts

// in: rt_a0/rt_a1, rt_b0/rt_b1   out: A = low byte, X = high byte of the product
// clobbers: A, X, Y, rt_c0-rt_c3, rt_t0-rt_t4
// cycles: 121 to 150, 139 on average
.routine rt_qmul16
        lda #>rt_squares
        sta rt_c1
        lda #>(rt_squares + 512)
        sta rt_c3
        lda #>(rt_squares + 1024)
        sta rt_t1
        lda #>(rt_squares + 1536)
        sta rt_t3
        lda rt_a0
        sta rt_c0
        sta rt_c2
        eor #$ff
        sta rt_t0
        sta rt_t2
        ldy rt_b1
        lda (rt_c0),y
        sec
        sbc (rt_t0),y
        sta rt_t4
        ldy rt_b0
        lda (rt_c0),y
        sec
        sbc (rt_t0),y
        tax
        lda (rt_c2),y
        sbc (rt_t2),y
        clc
        adc rt_t4
        sta rt_t4
        lda rt_a1
        beq !+
        sta rt_c0
        eor #$ff
        sta rt_t0
        lda (rt_c0),y
        sec
        sbc (rt_t0),y
!:      clc
        adc rt_t4
        sta rt_t4
        txa
        ldx rt_t4
        rts

// in: rt_a0/rt_a1, A = byte, unsigned   out: A = low byte, X = high byte of the product
// clobbers: A, X, Y, rt_c0-rt_c3, rt_t0-rt_t4
// cycles: 104 to 112, 106 on average
.routine rt_qmul16b
        sta rt_c0
        sta rt_c2
        eor #$ff
        sta rt_t0
        sta rt_t2
        lda #>rt_squares
        sta rt_c1
        lda #>(rt_squares + 512)
        sta rt_c3
        lda #>(rt_squares + 1024)
        sta rt_t1
        lda #>(rt_squares + 1536)
        sta rt_t3
        ldy rt_a1
        lda (rt_c0),y
        sec
        sbc (rt_t0),y
        sta rt_t4
        ldy rt_a0
        lda (rt_c0),y
        sec
        sbc (rt_t0),y
        tax
        lda (rt_c2),y
        sbc (rt_t2),y
        clc
        adc rt_t4
        sta rt_t4
        txa
        ldx rt_t4
        rts

// in: rt_a0/rt_a1, rt_b0/rt_b1, unsigned   out: rt_a0-rt_a3 = product
// clobbers: A, X, Y, rt_a0-rt_a3, rt_c0-rt_c3, rt_t0-rt_t5
// cycles: 220 to 260, 233 on average
.routine rt_qmul16w
        lda #>rt_squares
        sta rt_c1
        lda #>(rt_squares + 512)
        sta rt_c3
        lda #>(rt_squares + 1024)
        sta rt_t1
        lda #>(rt_squares + 1536)
        sta rt_t3
        lda rt_a0
        sta rt_c0
        sta rt_c2
        eor #$ff
        sta rt_t0
        sta rt_t2
        ldy rt_b0
        lda (rt_c0),y
        sec
        sbc (rt_t0),y
        sta rt_a0
        lda (rt_c2),y
        sbc (rt_t2),y
        sta rt_t4
        ldy rt_b1
        lda (rt_c0),y
        sec
        sbc (rt_t0),y
        tax
        lda (rt_c2),y
        sbc (rt_t2),y
        sta rt_t5
        txa
        clc
        adc rt_t4
        sta rt_t4
        bcc !+
        inc rt_t5
!:      lda rt_a1
        sta rt_c0
        sta rt_c2
        eor #$ff
        sta rt_t0
        sta rt_t2
        lda (rt_c0),y
        sec
        sbc (rt_t0),y
        sta rt_a2
        lda (rt_c2),y
        sbc (rt_t2),y
        sta rt_a3
        ldy rt_b0
        lda (rt_c0),y
        sec
        sbc (rt_t0),y
        tax
        lda (rt_c2),y
        sbc (rt_t2),y
        tay
        txa
        clc
        adc rt_t4
        sta rt_a1
        tya
        adc rt_t5
        bcc !+
        inc rt_a3
        clc
!:      adc rt_a2
        sta rt_a2
        bcc !+
        inc rt_a3
!:      rts

// in: rt_a0/rt_a1, rt_b0/rt_b1, signed   out: rt_a0-rt_a3 = product
// clobbers: A, X, Y, rt_a0-rt_a3, rt_b2, rt_c0-rt_c3, rt_t0-rt_t5
// cycles: 250 to 330, 279 on average
// The unsigned product; a negative factor has counted 65536 too much of the other.
.routine rt_qmul16ws
        lda rt_a0
        sta rt_b2
        jsr rt_qmul16w          // leaves the high byte of the first factor in rt_c0
        bit rt_b1
        bpl !+
        lda rt_a2
        sec
        sbc rt_b2
        sta rt_a2
        lda rt_a3
        sbc rt_c0
        sta rt_a3
!:      bit rt_c0
        bpl !+
        lda rt_a2
        sec
        sbc rt_b0
        sta rt_a2
        lda rt_a3
        sbc rt_b1
        sta rt_a3
!:      rts

// in: rt_a0/rt_a1, signed   out: rt_a0-rt_a3 = its square
// clobbers: A, X, Y, rt_a0-rt_a3, rt_t0-rt_t2
// cycles: 156 to 190, 167 on average
.routine rt_qsquare16ws
        lda rt_a1
        bpl !+
        lda #0
        sec
        sbc rt_a0
        sta rt_a0
        lda #0
        sbc rt_a1
        sta rt_a1
!:      jmp rt_qsquare16w

// in: rt_a0/rt_a1, unsigned   out: rt_a0-rt_a3 = its square
// clobbers: A, X, Y, rt_a0-rt_a3, rt_t0-rt_t2
// cycles: 145 to 160, 149 on average
// The square of a byte n is f(2 * n); twice the product of the bytes goes in between.
.routine rt_qsquare16w
        lda rt_a0
        sec
        sbc rt_a1
        bcs !+
        eor #$ff
        adc #1                  // the carry is clear
!:      tay
        lda rt_a0
        clc
        adc rt_a1
        tax
        bcs !high+
        lda rt_squares,x
        sec
        sbc rt_squares,y
        sta rt_t0
        lda rt_squares + 512,x
        sbc rt_squares + 512,y
        jmp !+
!high:  lda rt_squares + 256,x
        sbc rt_squares,y        // the carry is set
        sta rt_t0
        lda rt_squares + 768,x
        sbc rt_squares + 512,y
!:      asl rt_t0
        rol
        sta rt_t1
        lda #0
        rol
        sta rt_t2
        lda rt_a1
        asl
        tax
        bcs !high+
        lda rt_squares,x
        sta rt_a2
        lda rt_squares + 512,x
        jmp !+
!high:  lda rt_squares + 256,x
        sta rt_a2
        lda rt_squares + 768,x
!:      sta rt_a3
        lda rt_a0
        asl
        tax
        bcs !high+
        lda rt_squares,x
        sta rt_a0
        lda rt_squares + 512,x
        bcc !+
!high:  lda rt_squares + 256,x
        sta rt_a0
        lda rt_squares + 768,x
        clc
!:      adc rt_t0
        sta rt_a1
        lda rt_a2
        adc rt_t1
        sta rt_a2
        lda rt_a3
        adc rt_t2
        sta rt_a3
        rts

// Signed 16-bit factors, of whose product bytes 1 and 2 are wanted: products of 8.8 numbers.
// in: rt_a0/rt_a1, rt_b0/rt_b1, signed   out: A = byte 1, Y = byte 2 of the product
// clobbers: A, X, Y, rt_a2, rt_a3, rt_c0-rt_c3, rt_t0-rt_t3
// cycles: 215 to 250, 229 on average
// The unsigned product; a negative factor has counted 65536 too much of the other.
.routine rt_qmul16ms
        lda #>rt_squares
        sta rt_c1
        lda #>(rt_squares + 512)
        sta rt_c3
        lda #>(rt_squares + 1024)
        sta rt_t1
        lda #>(rt_squares + 1536)
        sta rt_t3
        lda rt_a0
        sta rt_c0
        sta rt_c2
        eor #$ff
        sta rt_t0
        sta rt_t2
        ldy rt_b0
        lda (rt_c0),y
        cmp (rt_t0),y
        lda (rt_c2),y
        sbc (rt_t2),y
        sta rt_a2               // byte 1
        ldy rt_b1
        bpl !+
        lda #0                  // the carry is set
        sbc rt_a0
        sta rt_a3
        jmp !go+
!:      lda #0
        sta rt_a3               // byte 2
!go:    lda (rt_c0),y
        sec
        sbc (rt_t0),y
        tax
        lda (rt_c2),y
        sbc (rt_t2),y
        clc
        adc rt_a3
        sta rt_a3
        txa
        clc
        adc rt_a2
        sta rt_a2
        bcc !+
        inc rt_a3
!:      lda rt_a1
        sta rt_c0
        sta rt_c2
        eor #$ff
        sta rt_t0
        sta rt_t2
        lda (rt_c0),y
        sec
        sbc (rt_t0),y
        clc
        adc rt_a3
        ldy rt_b0
        bit rt_a1
        bpl !+
        sec
        sbc rt_b0
!:      sta rt_a3
        lda (rt_c0),y
        sec
        sbc (rt_t0),y
        tax
        lda (rt_c2),y
        sbc (rt_t2),y
        clc
        adc rt_a3
        tay
        txa
        clc
        adc rt_a2
        bcc !+
        iny
!:      rts

// in: A = low byte, X = high byte, signed   out: A = byte 1, Y = byte 2 of the square
// clobbers: A, X, Y, rt_t0-rt_t3
// cycles: 115 to 140, 123 on average
.routine rt_qsquare16ms
        cpx #$80
        bcc !+
        eor #$ff
        adc #0                  // the carry is set
        tay
        txa
        eor #$ff
        adc #0
        tax
        tya
!:      sta rt_t0
        stx rt_t1
        // twice the product of the bytes
        sec
        sbc rt_t1
        bcs !+
        eor #$ff
        adc #1                  // the carry is clear
!:      tay
        txa
        clc
        adc rt_t0
        tax
        bcs !high+
        lda rt_squares,x
        sec
        sbc rt_squares,y
        sta rt_t2
        lda rt_squares + 512,x
        sbc rt_squares + 512,y
        jmp !+
!high:  lda rt_squares + 256,x
        sbc rt_squares,y        // the carry is set
        sta rt_t2
        lda rt_squares + 768,x
        sbc rt_squares + 512,y
!:      asl rt_t2
        rol
        sta rt_t3
        // The low byte of a square does not depend on bit 7.
        lda rt_t1
        asl
        tax
        lda rt_squares,x
        clc
        adc rt_t3
        tay
        lda rt_t0
        asl
        tax
        bcs !high+
        lda rt_squares + 512,x
        adc rt_t2
        bcc !+
        iny
        rts
!high:  lda rt_squares + 768,x
        clc
        adc rt_t2
        bcc !+
        iny
!:      rts
