// The raster counter and its interrupt.

.const CONTROL = $d011          // bit 7: bit 8 of the raster line
.const LINE = $d012
.const ENABLE = $d01a

// Turns the raster interrupt on.
// in: A/X = line
// clobbers: A
// cycles: 56
.routine rt_enable_raster_irq
        php
        sei
        jsr rt_set_raster
        lda ENABLE
        ora #$01
        sta ENABLE
        plp
        rts

// Turns the raster interrupt off; the line is kept.
// clobbers: A
// cycles: 27
.routine rt_disable_raster_irq
        php
        sei
        lda ENABLE
        and #$fe
        sta ENABLE
        plp
        rts

// Sets the line of the raster interrupt.
// in: A/X = line
// clobbers: A
// cycles: 35
.routine rt_set_raster
        php
        sei
        sta LINE
        lda CONTROL
        and #$7f
        cpx #0
        beq low
        ora #$80
low:    sta CONTROL
        plp
        rts

// Reads the raster counter.
// out: A/X = line
// clobbers: A, X, Y
// cycles: 33
.routine rt_get_raster
again:  ldx CONTROL
        lda LINE
        cpx CONTROL             // the line may pass 255 between the two reads
        bne again
        cpx #$80
        tay
        lda #0
        rol
        tax
        tya
        rts
