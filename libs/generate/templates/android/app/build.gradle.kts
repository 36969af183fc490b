plugins {
    id("com.android.application") version "8.13.0"
    kotlin("android") version "2.2.20"
}

android {
    namespace = "com.example.recovery"
    compileSdk = 36
    defaultConfig {
        applicationId = "com.example.recovery"
        minSdk = 26
        targetSdk = 36
        versionCode = 1
        versionName = "1.0.0"
    }
    compileOptions {
        sourceCompatibility = JavaVersion.VERSION_1_8
        targetCompatibility = JavaVersion.VERSION_1_8
    }
    // The SDK is pure Kotlin: its sources are compiled into the app.
    sourceSets["main"].kotlin.srcDir("../sdk/src/main/kotlin")
}

kotlin {
    compilerOptions {
        jvmTarget = org.jetbrains.kotlin.gradle.dsl.JvmTarget.JVM_1_8
    }
}
