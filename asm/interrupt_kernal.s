// Installing interrupt handlers under the KERNAL, whose interrupt code jumps through $0314.

// Installs a handler of any kind.
// in: A/X = its address
// clobbers: nothing
// cycles: 23
.routine rt_set_irq
        php
        sei
        sta $0314
        stx $0315
        plp
        rts

.routine rt_set_irq_hook
        jmp rt_set_irq
