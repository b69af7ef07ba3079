// The product of a word and a byte, for programs that shall be fast; those that shall be small multiply
// words. Finished code of modules may need it in any program.

// in: rt_a0/rt_a1, A = byte, unsigned   out: A = low byte, X = high byte of the product
// clobbers: A, X, Y, rt_a0, rt_a1, rt_t0
// cycles: 24 to 310, 185 on average
// Shift and add, from the lowest bit of the byte to its highest one.
.routine rt_mul16b
        lsr
        sta rt_t0
        bcs first
        beq zero
!:      asl rt_a0
        rol rt_a1
        lsr rt_t0
        bcc !-
first:  lda rt_a0
        ldx rt_a1
        ldy rt_t0
        beq done
even:   asl rt_a0
        rol rt_a1
        lsr rt_t0
        bcc even
        clc
        adc rt_a0
        tay
        txa
        adc rt_a1
        tax
        tya
        ldy rt_t0
        bne even
done:   rts
zero:   tax
        rts
