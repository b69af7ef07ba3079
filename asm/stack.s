// The check of both stacks.

.const LEAST = $30              // what calls without a check and interrupts may need

// Tells whether the hardware stack is nearly full, or the software stack too big.
// in: A/X = new top of the software stack, 0 without one
// out: A = 1 when there is no room, else 0
// clobbers: X
// cycles: 25
.routine rt_stack_low
        cmp #<rt_stack_end
        txa
        sbc #>rt_stack_end
        bcs full
        tsx
        cpx #LEAST
        bcc full
        lda #0
        rts
full:   lda #1
        rts
