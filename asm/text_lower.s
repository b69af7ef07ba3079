// Letters in the text of values, for programs with the lower/upper set.

.rodata rt_text_true
        .byte 4, $d4, $52, $55, $45
.rodata rt_text_false
        .byte 5, $c6, $41, $4c, $53, $45
