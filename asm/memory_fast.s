// Moving memory and filling it with a byte, for speed. (rt),y loops over pages, four bytes a turn: a
// first, partial page is reached by moving the pointer back so that Y ends at 256 in every page.

// Moves bytes, upward but where the destination begins inside the source.
// in: rt_a0 = destination, rt_b0 = source, rt_c0 = count
// clobbers: A, X, Y, rt_a0, rt_a1, rt_b0, rt_b1, rt_t0
// cycles: 80 + 13.8 a byte (14.3 when it begins at the end) + 20 a page
.routine rt_mem_move
        sec
        lda rt_a0
        sbc rt_b0
        tax
        lda rt_a1
        sbc rt_b1
        cpx rt_c0
        sbc rt_c1
        bcc down                // fewer bytes above the source than are moved

        ldx rt_c1
        lda #0
        sec
        sbc rt_c0
        tay
        beq whole
        inx
        sty rt_t0
        lda rt_a0
        sec
        sbc rt_t0
        sta rt_a0
        bcs !+
        dec rt_a1
        sec
!:      lda rt_b0
        sbc rt_t0
        sta rt_b0
        bcs whole
        dec rt_b1
whole:  cpx #0
        beq done
        tya
        and #3
        beq up0
        cmp #2
        beq up2
        bcc up1
        bcs up3
up0:    lda (rt_b0),y
        sta (rt_a0),y
        iny
up1:    lda (rt_b0),y
        sta (rt_a0),y
        iny
up2:    lda (rt_b0),y
        sta (rt_a0),y
        iny
up3:    lda (rt_b0),y
        sta (rt_a0),y
        iny
        bne up0
        inc rt_a1
        inc rt_b1
        dex
        bne up0
done:   rts

down:   lda rt_a1               // the last, partial page first
        clc
        adc rt_c1
        sta rt_a1
        lda rt_b1
        clc
        adc rt_c1
        sta rt_b1
        ldx rt_c1
        inx
        ldy rt_c0
        beq page
        tya
        and #3
        beq down0
        cmp #2
        beq down2
        bcc down1
        bcs down3
down0:  dey
        lda (rt_b0),y
        sta (rt_a0),y
down3:  dey
        lda (rt_b0),y
        sta (rt_a0),y
down2:  dey
        lda (rt_b0),y
        sta (rt_a0),y
down1:  dey
        lda (rt_b0),y
        sta (rt_a0),y
        cpy #0
        bne down0
page:   dec rt_a1
        dec rt_b1
        dex
        bne down0
        rts

// Fills with a byte, upward, each byte written once.
// in: rt_a0 = destination, rt_b0 = value, rt_c0 = count
// clobbers: A, X, Y, rt_a0, rt_a1, rt_t0
// cycles: 60 + 8.8 a byte + 12 a page
.routine rt_mem_fill
        ldx rt_c1
        lda #0
        sec
        sbc rt_c0
        tay
        beq whole
        inx
        sty rt_t0
        lda rt_a0
        sec
        sbc rt_t0
        sta rt_a0
        bcs whole
        dec rt_a1
whole:  cpx #0
        beq done
        tya
        lsr
        bcs odd
        lsr
        lda rt_b0
        bcs fill2
        bcc more
odd:    lsr
        lda rt_b0
        bcs fill3
        bcc fill1
more:   sta (rt_a0),y
        iny
fill1:  sta (rt_a0),y
        iny
fill2:  sta (rt_a0),y
        iny
fill3:  sta (rt_a0),y
        iny
        bne more
        inc rt_a1
        dex
        bne more
done:   rts
