// What the app shows at a time. `Steps.kt` makes screens, `MainActivity.kt` shows them.
package com.example.recovery

data class Screen(
    val heading: String,
    val text: String = "",
    /** Why the screen is shown again. */
    val error: String = "",
    val pairing: Pairing? = null,
    val fields: List<Field> = emptyList(),
    /** The main button. */
    val action: Button? = null,
    /** The ways out of the step. */
    val escapes: List<Button> = emptyList(),
)

data class Field(val name: String, val label: String, val kind: Kind) {
    enum class Kind { Identifier, Code, Text }
}

/** The number that the user reads to support, until that time in milliseconds since 1970. */
data class Pairing(val number: String, val expiresAt: Long)

data class Button(val label: String, val act: Act)

/** What a button does. */
sealed interface Act {
    /** Starts the journey with the fields. */
    object Start : Act

    /** Begins anew. */
    object Begin : Act

    /** Submits an option of the step. */
    data class Submit(val option: String) : Act
}
