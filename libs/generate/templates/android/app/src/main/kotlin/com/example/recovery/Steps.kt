// One function for each step at which the journey waits or ends. Change the texts as your app needs them.
package com.example.recovery

import dev.postern.ido.TSIdoJourneyActionType
import dev.postern.ido.TSIdoServiceResponse
import dev.postern.ido.TSIdoServiceResponseType

internal const val APPLICATION = "{{ application }}"
{% if !screens.start.is_empty() %}
/** The form of the parameters that start the journey. */
internal fun onStart(): Screen = Screen(
    heading = TITLE,
    fields = listOf(
{%- for field in screens.start %}
        Field("{{ field.name }}", "{{ field.label }}", Field.Kind.{{ field.kind_name() }}),
{%- endfor %}
    ),
    action = Button(LOGIN, Act.Start),
)
{% endif %}
/** The screen of a response; null where the journey has changed since this project was generated. */
internal fun screenOf(response: TSIdoServiceResponse): Screen? = when (response.type) {
    TSIdoServiceResponseType.JourneySuccess -> onSuccess()
    TSIdoServiceResponseType.JourneyRejection -> onRejection(response)
    TSIdoServiceResponseType.ClientInputRequired -> when (response.journeyStepId) {
{%- for form in screens.forms %}
        "{{ form.form_id }}" -> on{{ form.name }}(response)
{%- endfor %}
        TSIdoJourneyActionType.Information.type -> onInformation(response)
        else -> null
    }
}
{% for form in screens.forms %}
/** The form "{{ form.form_id }}" of: {% for step in form.steps %}{% if !loop.first %}, {% endif %}{{ step }}{% endfor %}. */
private fun on{{ form.name }}(response: TSIdoServiceResponse): Screen = formOf(
    response,
    listOf(
{%- for field in form.fields %}
        Field("{{ field.name }}", "{{ field.label }}", Field.Kind.{{ field.kind_name() }}),
{%- endfor %}
    ),
)
{% endfor %}
/** A step that only tells something. */
private fun onInformation(response: TSIdoServiceResponse): Screen {
    val (title, text, button) = listOf("title", "text", "button_text").map { response.data[it].toString() }
    return Screen(title, text, action = submit(button))
}

/** The end of a journey that let the user in. */
private fun onSuccess() = Screen("You are back in", "A temporary code works once: yours is now used up.")

/** The end of a journey that was denied. */
private fun onRejection(response: TSIdoServiceResponse): Screen {
{%- if screens.start.is_empty() %}
    val text = if (isDenied(response)) "This ended without a login." else response.data["rejectionReason"].toString()
    return Screen("You are not logged in", text, action = Button("Start again", Act.Begin))
{%- else %}
    return onStart().copy(error = if (isDenied(response)) DENIED else response.data["rejectionReason"].toString())
{%- endif %}
}
