package com.example.recovery

import dev.postern.ido.TSIdo
import dev.postern.ido.TSIdoInitOptions

/** Both are public. */
private const val CLIENT_ID = "{{ client }}"
private const val SERVER = "{{ server }}"

/** Is called once, before the first journey. */
internal fun initializeTSIdo() = TSIdo.initialize(CLIENT_ID, TSIdoInitOptions("$SERVER/ido"))
