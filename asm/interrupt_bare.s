// Installing interrupt handlers without the KERNAL.

// Installs an @irq or @irq_raw handler.
// in: A/X = its address
// clobbers: nothing
// cycles: 23
.routine rt_set_irq
        php
        sei
        sta $fffe
        stx $ffff
        plp
        rts

// Installs an @irq_hook handler: the system interrupt, which takes the place of any other handler,
// jumps through $0314.
// in: A/X = its address
// clobbers: nothing
// cycles: 42
.routine rt_set_irq_hook
        php
        sei
        sta $0314
        stx $0315
        pha
        lda #<rt_irq
        sta $fffe
        lda #>rt_irq
        sta $ffff
        pla
        plp
        rts
