// The loader of dynamic programs: loads the wanted parts of modules, .LIB files of version 1.
//
// It goes through the import list rt_imports, which the linker orders so that a module comes before
// those that it needs. So every file is opened once and read once, from front to back, and when it is
// opened all that others want of it is known. A reference to a part that is not loaded yet waits in a
// chain: the part's word in the registry holds the address of the last word that waits, that word
// the one before, up to 0. When the part gets its place, the loader walks along the chain.
//
// An entry of the import list; a name of length 0 ends the list:
//     0 length of the file's name    1 where its indices go    3 checksum of header and indices
//     5 functions    6 functions and data    7 wanted functions    8 wanted data
//     9 the module's words in the registry    11 what its external dependencies are    13 name
// An external dependency is a word: the place in the registry if it is below $0400, else the address
// of a run-time routine.

.const HEADER = 7
.const FUNCTION = 12        // sizes of entries in the indices
.const DATA = 6
.const OFFSET = 2           // fields of both kinds of entries
.const USES = 6
.const ENTRY = 13           // size of the fixed part of an entry of the import list
.const REGISTRY = 4         // high byte of the first word that is no place in the registry

// Numbers of the messages.
.const MEMORY = 2
.const CHANGED = 3

.zp list = $02
.zp dest = $04
// A copy of the entry of the import list.
.zp entry = $07
.zp index = $08
.zp checksum = $0a
.zp functions = $0c
.zp chunks = $0d
.zp want = $0e
.zp want_data = $0f
.zp slots = $10
.zp externals = $12
.zp name = $14
.zp pointer = $16
.zp sum = $18
.zp size = $1a
.zp place = $1c
.zp mask = $1e
.zp number = $1f
.zp at = $20
.zp wanted = $21
.zp count = $22
.zp word = $23
// A copy of an entry of rt_patches.
.zp kind = $07
.zp from = $08
.zp hole = $0a
.zp addend = $0c

// Loads all modules of the import list; ends the program after an error. The KERNAL is switched in.
// out: rt_registry = the first free byte behind the modules
// clobbers: A, X, Y, $02-$24, interrupt flag
// cycles: 81 a byte that is loaded, 68 a byte that is skipped, 230 a relocation with the two bytes of
// its offset, and what the KERNAL takes to read the bytes
.routine rt_load_modules
        lda #<rt_imports
        sta list
        lda #>rt_imports
        sta list + 1
        lda #<rt_module_start
        sta dest
        lda #>rt_module_start
        sta dest + 1
module: ldy #ENTRY - 1
copy:   lda (list),y
        sta entry,y
        dey
        bpl copy
        lda entry
        bne open
        lda dest
        sta rt_registry
        lda dest + 1
        sta rt_registry + 1
        rts

open:   lda list
        clc
        adc #ENTRY
        sta name
        lda list + 1
        adc #0
        sta name + 1
        jsr rt_load_open

        // Header and indices.
        lda index
        sta pointer
        lda index + 1
        sta pointer + 1
        lda #0
        sta sum
        sta sum + 1
head:   jsr rt_load_byte
        sta (pointer),y
        clc
        adc sum
        sta sum
        adc sum + 1
        sta sum + 1
        inc pointer
        bne same
        inc pointer + 1
same:   lda pointer
        eor #<rt_module_limit
        bne head
        lda pointer + 1
        eor #>rt_module_limit
        bne head
        lda sum
        eor checksum
        bne stale
        lda sum + 1
        eor checksum + 1
        beq close
stale:  ldx #CHANGED
        jmp rt_load_failed

        // The wanted functions with all that they lead to in the module.
close:  lda want
        sta count
        sta mask
        ldy #HEADER + USES
use:    lsr mask
        bcc unused
        lda (index),y
        ora want
        sta want
        iny
        lda (index),y
        ora want_data
        sta want_data
        dey
unused: tya
        clc
        adc #FUNCTION
        tay
        lda mask
        bne use
        lda want
        cmp count
        bne close

        // Code and data.
        sta mask
        ldx #0
        stx number
        ldy #HEADER + OFFSET
chunk:  cpx functions
        bne code
        lda want_data
        sta mask
code:   sty at
        lda (index),y
        sta rt_load_offsets,x
        iny
        lda (index),y
        sta rt_load_offsets + 16,x
        iny
        lda (index),y
        sta size
        iny
        lda (index),y
        sta size + 1
        lsr mask
        ror wanted
        bpl bytes
        jsr reserve
bytes:  lda size
        ora size + 1
        beq next
        jsr rt_load_byte
        bit wanted
        bpl skip
        sta (dest),y
        inc dest
        bne skip
        inc dest + 1
skip:   lda size
        bne low
        dec size + 1
low:    dec size
        jmp bytes
next:   ldx number
        cpx functions
        lda at
        bcs data
        adc #FUNCTION - DATA
data:   clc
        adc #DATA
        tay
        inx
        stx number
        cpx chunks
        bne chunk

        // Relocations, up to the last function that was loaded.
        ldx #0
        stx number
        lda want
        sta mask
function:
        lda mask
        beq loaded
        jsr rt_load_byte
        sta count
        lsr mask
        ror wanted
reloc:  lda count
        beq following
        jsr rt_load_byte
        sta place
        jsr rt_load_byte
        sta place + 1
        bit wanted
        bpl skipped
        jsr relocate
skipped:
        dec count
        jmp reloc
following:
        inc number
        bne function

loaded: jsr rt_load_close
        lda name
        clc
        adc entry
        sta list
        lda name + 1
        adc #0
        sta list + 1
        jmp module

// Gives the chunk its place, `size` bytes at `dest`: in the registry, and where that was waited for.
reserve:
        lda dest
        clc
        adc size
        tax
        lda dest + 1
        adc size + 1
        bcs full
        cpx index
        sbc index + 1
        bcs full
        lda number
        asl
        tay
        lda (slots),y
        sta place
        lda dest
        sta (slots),y
        iny
        lda (slots),y
        sta place + 1
        lda dest + 1
        sta (slots),y
waiting:
        lda place + 1
        beq resolved
        ldy #0
        lda (place),y
        tax
        lda dest
        sta (place),y
        iny
        lda (place),y
        pha
        lda dest + 1
        sta (place),y
        pla
        sta place + 1
        stx place
        bcc waiting
resolved:
        rts
full:   ldx #MEMORY
        jmp rt_load_failed

// Relocates the word at offset `place` of function `number`.
relocate:
        lda number
        asl
        tay
        lda place
        clc
        adc (slots),y
        sta place
        iny
        lda place + 1
        adc (slots),y
        sta place + 1
        ldy #1
        lda (place),y
        cmp #$ff
        beq external
        sta word + 1
        dey
        lda (place),y
        sta word
        ldx chunks
find:   dex
        bmi disk
        lda word
        cmp rt_load_offsets,x
        lda word + 1
        sbc rt_load_offsets + 16,x
        bcc find
        tay
        txa
        asl
        pha
        sec
        lda word
        sbc rt_load_offsets,x
        sty word + 1
        tax
        pla
        tay
        txa
        clc
        adc (slots),y
        tax
        iny
        lda word + 1
        adc (slots),y
        ldy #1
        bne store

// The word becomes the address of a run-time routine, or waits for another module.
external:
        dey
        lda (place),y
        sty word + 1
        asl
        rol word + 1
        clc
        adc externals
        sta word
        lda externals + 1
        adc word + 1
        sta word + 1
        lda (word),y
        tax
        iny
        lda (word),y
        cmp #REGISTRY
        bcs store
        pha
        txa
        adc #<rt_registry
        sta word
        pla
        adc #>rt_registry
        sta word + 1
        lda (word),y
        pha
        lda place + 1
        sta (word),y
        dey
        lda (word),y
        tax
        lda place
        sta (word),y
        pla
        iny
store:  sta (place),y
        dey
        txa
        sta (place),y
        rts

disk:   jmp rt_load_broken

// Where the chunks of a module begin in its file: low bytes, high bytes.
.bss rt_load_offsets, 32

// Fills the places of the program that need an address inside a loaded part, or one byte of it.
// An entry of rt_patches; kind 0 ends it:
//     0 kind: 1 low byte, 2 high byte, 3 word    1 word in the registry    3 place    5 what is added
// clobbers: A, X, Y, $02-$03, $07-$0d
// cycles: 190 an entry
.routine rt_patch_modules
        lda #<rt_patches
        sta list
        lda #>rt_patches
        sta list + 1
patch:  ldy #6
field:  lda (list),y
        sta kind,y
        dey
        bpl field
        lda kind
        beq done
        ldy #0
        clc
        lda (from),y
        adc addend
        tax
        iny
        lda (from),y
        adc addend + 1
        dey
        lsr kind
        bcc high
        pha
        txa
        sta (hole),y
        pla
        iny
high:   lsr kind
        bcc forward
        sta (hole),y
forward:
        lda list
        clc
        adc #7
        sta list
        bcc patch
        inc list + 1
        bcs patch
done:   rts
