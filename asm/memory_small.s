// Moving memory and filling it with a byte, in little room: (rt),y loops over pages, a byte a turn,
// and the partial page by itself.

// Moves bytes, upward but where the destination begins inside the source.
// in: rt_a0 = destination, rt_b0 = source, rt_c0 = count
// clobbers: A, X, Y, rt_a1, rt_b1
// cycles: 80 + 17 a byte (18 when it begins at the end) + 20 a page
.routine rt_mem_move
        sec
        lda rt_a0
        sbc rt_b0
        tax
        lda rt_a1
        sbc rt_b1
        cpx rt_c0
        sbc rt_c1
        ldx rt_c1
        ldy rt_c0
        bcc down                // fewer bytes above the source than are moved

        ldy #0
        txa
        beq rest
page:   lda (rt_b0),y
        sta (rt_a0),y
        iny
        bne page
        inc rt_a1
        inc rt_b1
        dex
        bne page
rest:   cpy rt_c0
        beq done
        lda (rt_b0),y
        sta (rt_a0),y
        iny
        bne rest

down:   txa                     // the last, partial page first
        adc rt_a1
        sta rt_a1
        txa
        clc
        adc rt_b1
        sta rt_b1
        inx
        tya
        beq next
byte:   dey
        lda (rt_b0),y
        sta (rt_a0),y
        tya
        bne byte
next:   dec rt_a1
        dec rt_b1
        dex
        bne byte
done:   rts

// Fills with a byte, upward, each byte written once.
// in: rt_a0 = destination, rt_b0 = value, rt_c0 = count
// clobbers: A, X, Y, rt_a1
// cycles: 40 + 14 a byte + 12 a page
.routine rt_mem_fill
        lda rt_b0
        ldy #0
        ldx rt_c1
        beq rest
page:   sta (rt_a0),y
        iny
        bne page
        inc rt_a1
        dex
        bne page
rest:   cpy rt_c0
        beq done
        sta (rt_a0),y
        iny
        bne rest
done:   rts
