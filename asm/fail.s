// Ends the program with a run-time error.

// in: A/X = address of the message, a string
// does not return
.routine rt_failure
        .byte $50, $59, $43, $4f, 2     // how the built-in machine notices the error
rt_fail:
        jsr rt_print_str
        jmp rt_exit
