// The keyboard and the jiffy clock without the KERNAL, with the KERNAL's variables.

.const LAST_KEY = $c5           // matrix code, 64 when no key is down
.const COUNT = $c6
.const BUFFER = $0277
.const SIZE = 10
.const REPEAT = $028a           // bit 7: all keys repeat; bit 6: none
.const REPEAT_COUNT = $028b
.const REPEAT_DELAY = $028c
.const SHIFTS = $028d           // bit 0 SHIFT, bit 1 C=, bit 2 CTRL
.const COLUMNS = $dc00
.const ROWS = $dc01

// Takes a key from the buffer.
// out: A = PETSCII code, 0 when no key waits; Z accordingly
// clobbers: A, X, Y
// cycles: 10 without a key, 50 + 16 for each that stays behind
.routine rt_getkey
        lda COUNT
        beq none
        php
        sei
        ldy BUFFER
        ldx #0
next:   lda BUFFER + 1,x
        sta BUFFER,x
        inx
        cpx COUNT
        bne next
        dec COUNT
        plp
        tya
none:   rts

// Part of the system interrupt: scans the keyboard.
// clobbers: A, X, Y
// cycles: 40 without a key, 1,400 with one
.routine rt_keyboard
        lda #0
        sta SHIFTS
        sta COLUMNS
        lda ROWS
        ldy #64
        cmp #$ff
        bne scan
        sty LAST_KEY
        jmp release

scan:   sty rt_key              // no key so far
        ldy #0
        lda #$fe
column: sta COLUMNS
        pha
stable: lda ROWS
        cmp ROWS
        bne stable
        ldx #8
key:    lsr
        bcs up
        pha
        lda plain,y
        cmp #5
        bcs found
        cmp #3
        beq found               // STOP is a key like others
        ora SHIFTS
        sta SHIFTS
        bpl tested
found:  sty rt_key
tested: pla
up:     iny
        dex
        bne key
        pla
        sec
        rol
        bcs column

        jsr decode
        tax
        ldy rt_key
        cpy LAST_KEY
        beq held
        lda #16
        sta REPEAT_DELAY
        bne accept
held:   bit REPEAT
        bmi repeat
        bvs release
        cmp #$14                // DEL, space and the cursor keys repeat
        beq repeat
        cmp #$20
        beq repeat
        cmp #$1d
        beq repeat
        cmp #$11
        bne release
repeat: lda REPEAT_DELAY
        beq !+
        dec REPEAT_DELAY
        bne release
!:      dec REPEAT_COUNT
        bne release
        lda #4
        sta REPEAT_COUNT
        lda COUNT
        bne release             // a repeated key waits until the buffer is empty
accept: sty LAST_KEY
        cpx #$ff
        beq release
        ldy COUNT
        cpy #SIZE
        bcs release
        txa
        sta BUFFER,y
        iny
        sty COUNT
release:
        lda #$ff                // so that joystick 2 can be read
        sta COLUMNS
        rts

// out: A = the code of key rt_key with the shift keys that are down, $ff when it has none
decode: ldy rt_key
        lda SHIFTS
        lsr
        bcs with_shift
        lsr
        bcs with_logo
        lsr
        bcs with_control
        lda plain,y
        rts
with_shift:
        lda shifted,y
        rts
with_logo:
        lda logo,y
        rts
with_control:
        lda control,y
        rts

// Codes by matrix code, eight rows of each column; 1, 2 and 4 are the shift keys.
plain:  .byte $14, $0d, $1d, $88, $85, $86, $87, $11
        .byte $33, $57, $41, $34, $5a, $53, $45, $01
        .byte $35, $52, $44, $36, $43, $46, $54, $58
        .byte $37, $59, $47, $38, $42, $48, $55, $56
        .byte $39, $49, $4a, $30, $4d, $4b, $4f, $4e
        .byte $2b, $50, $4c, $2d, $2e, $3a, $40, $2c
        .byte $5c, $2a, $3b, $13, $01, $3d, $5e, $2f
        .byte $31, $5f, $04, $32, $20, $02, $51, $03
        .byte $ff
shifted:
        .byte $94, $8d, $9d, $8c, $89, $8a, $8b, $91
        .byte $23, $d7, $c1, $24, $da, $d3, $c5, $01
        .byte $25, $d2, $c4, $26, $c3, $c6, $d4, $d8
        .byte $27, $d9, $c7, $28, $c2, $c8, $d5, $d6
        .byte $29, $c9, $ca, $30, $cd, $cb, $cf, $ce
        .byte $db, $d0, $cc, $dd, $3e, $5b, $ba, $3c
        .byte $a9, $c0, $5d, $93, $01, $3d, $de, $3f
        .byte $21, $5f, $04, $22, $a0, $02, $d1, $83
        .byte $ff
logo:   .byte $94, $8d, $9d, $8c, $89, $8a, $8b, $91
        .byte $96, $b3, $b0, $97, $ad, $ae, $b1, $01
        .byte $98, $b2, $ac, $99, $bc, $bb, $a3, $bd
        .byte $9a, $b7, $a5, $9b, $bf, $b4, $b8, $be
        .byte $29, $a2, $b5, $30, $a7, $a1, $b9, $aa
        .byte $a6, $af, $b6, $dc, $3e, $5b, $a4, $3c
        .byte $a8, $df, $5d, $93, $01, $3d, $de, $3f
        .byte $81, $5f, $04, $95, $a0, $02, $ab, $83
        .byte $ff
control:
        .byte $ff, $ff, $ff, $ff, $ff, $ff, $ff, $ff
        .byte $1c, $17, $01, $9f, $1a, $13, $05, $ff
        .byte $9c, $12, $04, $1e, $03, $06, $14, $18
        .byte $1f, $19, $07, $9e, $02, $08, $15, $16
        .byte $12, $09, $0a, $92, $0d, $0b, $0f, $0e
        .byte $ff, $10, $0c, $ff, $ff, $1b, $00, $ff
        .byte $1c, $ff, $1d, $ff, $ff, $1f, $1e, $ff
        .byte $90, $06, $ff, $05, $ff, $ff, $11, $ff
        .byte $ff

// The key that the scan has found.
.bss rt_key, 1

// Part of the system interrupt: counts 60ths of a second, 24 hours at most.
// clobbers: A, X
// cycles: 33 mostly
.routine rt_jiffy
        inc $a2
        bne counted
        inc $a1
        bne counted
        inc $a0
counted:
        lda $a2
        cmp #$01
        lda $a1
        sbc #$1a
        lda $a0
        sbc #$4f
        bcc done
        ldx #0
        stx $a0
        stx $a1
        stx $a2
done:   rts
