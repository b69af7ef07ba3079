// Keyboard input through rt_getkey, which is the KERNAL's GETIN under @kernal.

// Waits for a key.
// out: A = PETSCII code
// clobbers: A, X, Y
.routine rt_waitkey
wait:   jsr rt_getkey
        tax
        beq wait
        rts
