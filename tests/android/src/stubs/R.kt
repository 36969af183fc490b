package com.example.recovery

/** What Android's tools make of the layout. */
internal object R {
    object layout {
        const val activity_main = 1
    }

    object id {
        const val application = 1
        const val heading = 2
        const val text = 3
        const val error = 4
        const val pairing = 5
        const val fields = 6
        const val buttons = 7
    }
}
