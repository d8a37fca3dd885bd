@echo off
rem The command line of the packaged app: the app's own binary, run as Node.
setlocal
set ELECTRON_RUN_AS_NODE=1
"%~dp0..\Kojibox.exe" --no-warnings "%~dp0app.asar.unpacked\dist\cli\main.mjs" %*
