"""The program that opens a page in headless Chromium and says what it saw. Without Django: a process of its own."""
