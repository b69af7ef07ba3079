// The loader of dynamic programs for .LIB files of version 2.
//
// The linker knows the files that the program will find, and proves with the checksum that they are
// the same. So it has chosen which chunks are loaded and where, and this loader takes them out of
// the file, from front to back, and relocates them.
//
// An entry of the import list; one with a name of length 0 ends the list:
//     0 length of the file's name    1 bytes before the first chunk    3 what makes their sum 0
//     5 runs    7 low bytes of the external dependencies    9 their high bytes    11 where the first
//     chunk goes    13 name
// then for each chunk that is loaded, and with size 0 at their end:
//     0 bytes to skip before it    2 size    4 size of its relocation table; bit 15: it is all zero
// A run is a stretch of chunks that stay together: its first original address, and what is added to
// the addresses in it. The highest comes first.

.const CHANGED = 3

.const ENTRY = 15
.const CHUNK = 6
// Relocation tables: kinds in the upper two bits, the distance in the others.
.const LOW = $40
.const LONG = $c0
.const DISTANCE = $3f

.zp list = $02
.zp count = $04
// A copy of the entry of the import list.
.zp length = $07
.zp head = $08
.zp sum = $0a
.zp runs = $0c
.zp low_bytes = $0e
.zp high_bytes = $10
.zp dest = $12
// A copy of the chunk's.
.zp skip = $16
.zp size = $18
.zp relocs = $1a
.zp place = $1c
.zp kind = $1e
.zp word = $20

// Loads all modules of the import list; ends the program after an error. The KERNAL is switched in.
// clobbers: A, X, Y, $02-$04, $07-$21, interrupt flag
// cycles: 96 a byte that is loaded, 72 a byte that is skipped, 202 a relocation with its control byte,
// and what the KERNAL takes to read the bytes
.routine rt_load_placed_modules
        lda #<rt_imports
        sta list
        lda #>rt_imports
        sta list + 1
module: ldx #length
        ldy #ENTRY
        jsr take
        lda length
        bne open
        rts
open:   jsr rt_load_open
        bcc header
summing:
        jsr rt_load_byte
        clc
        adc sum
        sta sum
        adc sum + 1
        sta sum + 1
header: ldx #head
        jsr countdown
        bne summing
        lda sum
        ora sum + 1
        beq chunk
        ldx #CHANGED
        jmp rt_load_failed

chunk:  ldx #skip
        ldy #CHUNK
        jsr take
        lda size
        ora size + 1
        bne before
        jsr rt_load_close
        jmp module
between:
        jsr rt_load_byte
before: ldx #skip
        jsr countdown
        bne between
        // Distances count from the byte before the chunk.
        ldy dest + 1
        ldx dest
        bne same
        dey
same:   dex
        stx place
        sty place + 1
bytes:  ldx #size
        jsr countdown
        beq loaded
        ldy #0
        lda relocs + 1
        bmi zero
        jsr rt_load_byte
        .byte $2c               // skips the next instruction
zero:   lda #0
        sta (dest),y
        inc dest
        bne bytes
        inc dest + 1
        bne bytes
loaded: lda relocs + 1
        bmi chunk

reloc:  jsr table
        beq chunk
        sta kind
        cmp #LONG
        and #DISTANCE
        bcs far
        jsr move
        ldy #0
        lda (place),y
        sta word
        lda kind
        cmp #LOW
        bcs half
        iny
        lda (place),y
        bcc whole
far:    tax
further:
        lda #DISTANCE
        jsr move
        dex
        bpl further
        bmi reloc
// The other half of the address is in the table.
half:   jsr table
        bit kind
        bpl whole
        ldx word
        sta word
        txa
whole:  ldy #0
        sta word + 1
        cmp #$ff
        beq external
find:   lda word
        cmp (runs),y
        iny
        lda word + 1
        sbc (runs),y
        iny
        bcs found
        iny
        iny
        bcc find
found:  clc
        lda word
        adc (runs),y
        tax
        iny
        lda word + 1
        adc (runs),y
store:  ldy #1
        bit kind
        bmi one
        bvs least
        sta (place),y
least:  txa
one:    dey
        sta (place),y
        jmp reloc
external:
        ldy word
        lda (low_bytes),y
        tax
        lda (high_bytes),y
        bcs store               // $ff is not less than $ff

// A = the next byte of the relocation table; Z at its end.
table:  ldx #relocs
        jsr countdown
        beq end
        jsr rt_load_byte
        ldx #1                  // not Z
end:    rts

// Moves `place` on by A.
move:   clc
        adc place
        sta place
        bcc moved
        inc place + 1
moved:  rts

// Counts the word at X down; Z when it was 0.
countdown:
        lda $00,x
        bne lower
        lda $01,x
        beq counted
        dec $01,x
lower:  dec $00,x
        txa                     // not Z
counted:
        rts

// Takes Y bytes of the import list to X.
take:   sty count
        ldy #0
copy:   lda (list),y
        sta $00,x
        inx
        inc list
        bne taken
        inc list + 1
taken:  dec count
        bne copy
        rts
