// What the loaders of both versions of .LIB files share: a module's file, and the messages.
//
// Each loader keeps the name of the file at `name`, `length` bytes long.

.const READST = $ffb7
.const SETLFS = $ffba
.const SETNAM = $ffbd
.const OPEN = $ffc0
.const CLOSE = $ffc3
.const CHKIN = $ffc6
.const CLRCHN = $ffcc
.const CHRIN = $ffcf
.const CHROUT = $ffd2

.const DEVICE = $ba         // the device that was used last: the program came from it
.const DRIVE = 8
.const FILE = 2             // logical files and secondary addresses
.const COMMANDS = 15

// Numbers of the messages.
.const MISSING = 1
.const DISK = 4

.zp length = $07
.zp name = $14
.zp number = $1f

.routine rt_load_file
// Opens the file and takes input from it; ends the program if that cannot be.
// out: C = 0
// clobbers: A, X, Y
rt_load_open:
        lda length
        ldx name
        ldy name + 1
        jsr SETNAM
        lda #FILE
        jsr open
        lda #0
        jsr SETNAM
        lda #COMMANDS
        jsr open
        // A file that is not there opens all the same; the drive tells.
        ldx #COMMANDS
        jsr input
        jsr CHRIN
        pha
        jsr CHRIN
        tax
        pla
        cmp #$32                // 00 and 01: it is open
        bcc there
        cmp #$36
        bne broken
        cpx #$32                // 62, FILE NOT FOUND
        bne broken
        ldx #MISSING
        bne failed
there:  jsr CLRCHN
        ldx #FILE
// Input from logical file X.
input:  jsr CHKIN
        bcs broken
        rts

// Opens A as logical file.
open:   tay
        ldx DEVICE
        cpx #DRIVE
        bcs known
        ldx #DRIVE
known:  jsr SETLFS
        jsr OPEN
        bcs broken
        rts

// out: A = the next byte of the file, Y = 0
// clobbers: flags
rt_load_byte:
        jsr READST              // nothing comes after the end of the file
        bne broken
        jsr CHRIN
        ldy #0
        rts

// Closes the file after its last byte.
rt_load_close:
        jsr READST
        and #$bf                // the end of the file may be reached
        beq close
rt_load_broken:
broken: ldx #DISK
        bne failed

close:  jsr CLRCHN
        lda #FILE
        jsr CLOSE
        lda #COMMANDS           // the drive closes all files with it, so it is the last one
        jmp CLOSE

// Ends the program with the message X. A quotation mark in the text stands for the file's name.
        .byte $50, $59, $43, $4f, 2     // how the built-in machine notices the error
rt_load_failed:
failed: stx number
        jsr close
        ldy #0
        jsr print
        ldy number
        jsr print
        jmp rt_exit
print:  ldx #$ff                // to text Y
text:   dey
        bmi sign
pass:   inx
        lda rt_load_texts,x
        bne pass
        beq text
sign:   inx
        lda rt_load_texts,x
        beq end
        cmp #$22
        beq quote
        jsr CHROUT
        jmp sign
quote:  ldy #0
letter: lda (name),y
        jsr CHROUT
        iny
        cpy length
        bne letter
        beq sign
end:    rts

.rodata rt_load_texts
        .text "ERROR: "
        .byte 0
        .text "MODULE '"
        .byte $22
        .text "' NOT FOUND"
        .byte $0d, 0
        .text "OUT OF MEMORY LOADING MODULE"
        .byte $0d, 0
        .text "MODULE '"
        .byte $22
        .text "' HAS CHANGED, LINK AGAIN"
        .byte $0d, 0
        .text "DISK ERROR LOADING MODULE '"
        .byte $22
        .text "'"
        .byte $0d, 0
