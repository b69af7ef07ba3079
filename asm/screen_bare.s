// Screen output without the KERNAL: what CHROUT does on the screen, but for quote and insert mode.

.const LINE = $d1           // address of the screen line with the cursor
.const COLUMN = $d3
.const ROW = $d6
.const REVERSE = $c7            // $80 while characters are printed reversed, else 0
.const COLOUR = $0286
.const SCREEN = $0400
.const COLOUR_RAM = $d800
.const CHARSET = $d018

// Prints a character.
// in: A = PETSCII code
// clobbers: A, X, Y, rt_t0-rt_t5
// cycles: 95 for a letter inside a line; 27,000 when the screen scrolls
.routine rt_screen
        .byte $50, $59, $43, $4f, 1     // how the built-in machine finds the output
rt_print_char:
        tay
        and #$7f
        cmp #$20
        bcs printed
        jmp control
printed:
        cpy #$80
        bcs high
        cmp #$60
        bcs upper
        and #$3f
        bcc put
upper:  and #$5f
        bne put
high:   cmp #$7f                // pi
        bne shifted
        lda #$5e
shifted:
        ora #$40
put:    ora REVERSE
        ldy COLUMN
        sta (LINE),y
        jsr colour_line
        lda COLOUR
        sta (rt_t0),y
right:  ldy COLUMN
        iny
        cpy #40
        bcs new_line
set_column:
        sty COLUMN
done:   rts
new_line:
        ldy #0
        sty COLUMN
down:   ldx ROW
        inx
        cpx #25
        bcc set_row
        jmp scroll

// Puts the cursor into row X.
set_row:
        stx ROW
        lda #SCREEN >> 10       // the two shifts make this the high byte of the screen
        sta LINE + 1
        txa
        asl
        asl
        adc ROW
        asl                     // 10 * row
        asl
        rol LINE + 1
        asl
        rol LINE + 1
        sta LINE
        rts

// rt_t0 = the line's place in the colour memory
colour_line:
        lda LINE
        sta rt_t0
        lda LINE + 1
        and #$03
        ora #COLOUR_RAM >> 8
        sta rt_t1
        rts

control:
        cmp #$0d
        beq return
        cmp #$11
        beq vertical
        cmp #$12
        beq reverse
        cmp #$13
        beq home
        cmp #$1d
        beq horizontal
        cmp #$0e
        beq charset
        cpy #$14
        beq delete
        tya
        ldx #15
search: cmp colours,x
        beq found
        dex
        bpl search
        rts
found:  stx COLOUR
        rts

return: ldy #0
        sty REVERSE
        beq new_line

vertical:
        tya
        bpl down
        ldx ROW
        beq done
        dex
        bpl set_row

horizontal:
        tya
        bpl right
left:   ldy COLUMN
        dey
        bpl set_column
        ldx ROW
        beq done
        dex
        jsr set_row
        ldy #39
        sty COLUMN
        rts

reverse:
        tya
        and #$80
        eor #$80
        sta REVERSE
        rts

charset:
        tya
        asl                     // carry: upper/graphics set
        lda CHARSET
        ora #$02
        bcc store
        and #$fd
store:  sta CHARSET
        rts

home:   tya
        bpl to_top
        ldx #250
clear:  lda #$20
        sta SCREEN - 1,x
        sta SCREEN + 249,x
        sta SCREEN + 499,x
        sta SCREEN + 749,x
        lda COLOUR
        sta COLOUR_RAM - 1,x
        sta COLOUR_RAM + 249,x
        sta COLOUR_RAM + 499,x
        sta COLOUR_RAM + 749,x
        dex
        bne clear
to_top: ldx #0
        stx COLUMN
        jmp set_row

// Takes away the character before the cursor; the rest of the line moves left.
delete: lda COLUMN
        ora ROW
        beq stay
        jsr left
        jsr colour_line
        ldy COLUMN
shift:  cpy #39
        beq last
        iny
        lda (LINE),y
        tax
        lda (rt_t0),y
        dey
        sta (rt_t0),y
        txa
        sta (LINE),y
        iny
        bne shift
last:   lda #$20
        sta (LINE),y
stay:   rts

// Moves rows 1 to 24 up by one and clears the last, where the cursor stays.
scroll: ldx #0
        jsr set_row
row:    lda LINE
        sta rt_t2
        lda LINE + 1
        sta rt_t3
        jsr colour_line
        sta rt_t5
        lda rt_t0
        sta rt_t4
        inx
        jsr set_row
        jsr colour_line
        ldy #39
cell:   lda (LINE),y
        sta (rt_t2),y
        lda (rt_t0),y
        sta (rt_t4),y
        dey
        bpl cell
        cpx #24
        bne row
        ldy #39
blank:  lda #$20
        sta (LINE),y
        lda COLOUR
        sta (rt_t0),y
        dey
        bpl blank
        rts

colours:
        .byte $90, $05, $1c, $9f, $9c, $1e, $1f, $9e
        .byte $81, $95, $96, $97, $98, $99, $9a, $9b
