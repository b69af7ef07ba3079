// Strings: a length byte and that many characters.

// Copies a string.
// in: rt_a0 = destination, rt_b0 = source
// clobbers: A, Y
// cycles: 30 + 16 a character
.routine rt_str_copy
        ldy #0
        lda (rt_b0),y
        tay
        beq length
next:   lda (rt_b0),y
        sta (rt_a0),y
        dey
        bne next
length: lda (rt_b0),y
        sta (rt_a0),y
        rts

// Appends a string; the new length wraps at 256. The two may be the same string.
// in: rt_a0 = destination, rt_b0 = source
// clobbers: A, X, Y, rt_a0, rt_a1, rt_t0, rt_t1
// cycles: 75 + 16 a character
.routine rt_str_append
        ldy #0
        lda (rt_b0),y
        beq done
        sta rt_t0
        lda (rt_a0),y
        sta rt_t1
        clc
        adc rt_t0
        sta (rt_a0),y
        lda rt_a0
        clc
        adc rt_t1
        sta rt_a0
        bcc same_page
        inc rt_a1
same_page:
        ldy rt_t0
next:   lda (rt_b0),y
        sta (rt_a0),y
        dey
        bne next
done:   rts

// Appends a character. The length wraps at 256; then the character is lost.
// in: rt_a0 = destination, rt_b0 = character
// clobbers: A, Y
// cycles: 38
.routine rt_str_append_char
        ldy #0
        lda (rt_a0),y
        clc
        adc #1
        sta (rt_a0),y
        tay
        beq done
        lda rt_b0
        sta (rt_a0),y
done:   rts

// Appends a string several times.
// in: rt_a0 = destination, rt_b0 = source, rt_c0 = count
// clobbers: A, X, Y, rt_a0, rt_a1, rt_c0, rt_t0-rt_t3
// cycles: 25 + count * (115 + 16 a character)
.routine rt_str_append_repeat
        lda rt_a0
        sta rt_t2
        lda rt_a1
        sta rt_t3
        lda rt_c0
        beq done
next:   jsr rt_str_append
        lda rt_t2
        sta rt_a0
        lda rt_t3
        sta rt_a1
        dec rt_c0
        bne next
done:   rts

// Compares by character codes, then by length.
// in: rt_a0, rt_b0 = the strings   out: A = $ff, 0 or 1: first less, equal, greater
// clobbers: A, X, Y, rt_t0
// cycles: 50 + 20 for each equal character
.routine rt_str_cmp
        ldy #0
        lda (rt_b0),y
        sta rt_t0
        lda (rt_a0),y
        tax
        cmp rt_t0
        bcc shorter
        ldx rt_t0
shorter:
        cpx #0                  // X = the smaller length
        beq lengths
next:   iny
        lda (rt_a0),y
        cmp (rt_b0),y
        bne differ
        dex
        bne next
        ldy #0
lengths:
        lda (rt_a0),y
        cmp rt_t0
        beq equal
differ: lda #1
        bcs done
        lda #$ff
done:   rts
equal:  lda #0
        rts
