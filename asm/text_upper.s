// Letters in the text of values, for programs with the upper/graphics set.

.rodata rt_text_true
        .byte 4, $54, $52, $55, $45
.rodata rt_text_false
        .byte 5, $46, $41, $4c, $53, $45
