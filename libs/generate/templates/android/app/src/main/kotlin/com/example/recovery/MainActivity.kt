package com.example.recovery

import android.app.Activity
import android.os.Bundle
import android.os.Handler
import android.os.Looper
import android.text.InputType
import android.view.View
import android.view.WindowManager
import android.widget.EditText
import android.widget.LinearLayout
import android.widget.TextView
import dev.postern.ido.TSIdo
import java.text.DateFormat
import java.util.Date
import java.util.concurrent.Executor
import android.widget.Button as ButtonView

/** Shows the screen of each step, and hands what the user does to the journey. */
class MainActivity : Activity() {
    private val model = MainViewModel(show = ::show)
    private var inputs = emptyList<Pair<Field, EditText>>()

    override fun onCreate(savedInstanceState: Bundle?) {
        super.onCreate(savedInstanceState)
        // No screenshot holds a code or a number.
        window.setFlags(WindowManager.LayoutParams.FLAG_SECURE, WindowManager.LayoutParams.FLAG_SECURE)
        setContentView(R.layout.activity_main)
        text(R.id.application).text = APPLICATION
        val main = Handler(Looper.getMainLooper())
        TSIdo.callbackExecutor = Executor { main.post(it) }
        initializeTSIdo()
        model.perform(Act.Begin)
    }

    private fun show(screen: Screen, isBusy: Boolean) {
        text(R.id.heading).text = screen.heading
        text(R.id.text).text = screen.text
        text(R.id.error).text = screen.error
        text(R.id.pairing).text = screen.pairing?.let(::told).orEmpty()
        if (screen.fields != inputs.map { it.first } || screen.error.isNotEmpty()) showFields(screen.fields)
        val buttons = listOfNotNull(screen.action) + screen.escapes
        val places = findViewById(R.id.buttons) as LinearLayout
        places.removeAllViews()
        for (button in buttons) places.addView(viewOf(button, screen, isBusy))
    }

    private fun viewOf(button: Button, screen: Screen, isBusy: Boolean): View = ButtonView(this).apply {
        text = button.label
        isEnabled = !isBusy
        setOnClickListener {
            val empty = inputs.find { (_, input) -> input.text.isBlank() }?.first
            if (button == screen.action && empty != null) {
                text(R.id.error).text = "Fill in: ${empty.label}"
            } else {
                model.perform(button.act, if (button == screen.action) values() else emptyMap())
            }
        }
    }

    private fun values() = inputs.associate { (field, input) -> field.name to input.text.toString().trim() }

    /** Makes the fields anew. A user ID stays when a form is shown again; a code never does. */
    private fun showFields(fields: List<Field>) {
        val kept = inputs.filter { it.first.kind != Field.Kind.Code }.associate { (field, input) -> field.name to input.text }
        val places = findViewById(R.id.fields) as LinearLayout
        places.removeAllViews()
        inputs = fields.map { field ->
            val input = EditText(this)
            input.hint = field.label
            input.setText(kept[field.name] ?: "")
            input.inputType = when (field.kind) {
                Field.Kind.Text -> InputType.TYPE_CLASS_TEXT
                else -> InputType.TYPE_CLASS_TEXT or InputType.TYPE_TEXT_FLAG_NO_SUGGESTIONS
            }
            places.addView(input)
            field to input
        }
    }

    private fun told(pairing: Pairing): String {
        val time = DateFormat.getTimeInstance(DateFormat.SHORT).format(Date(pairing.expiresAt))
        return "${pairing.number}\nValid until $time. Never read these digits to someone who called you."
    }

    private fun text(id: Int) = findViewById(id) as TextView
}
