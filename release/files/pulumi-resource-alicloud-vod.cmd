@echo off
rem Starts the plugin with the Node.js of this machine.
where node >nul 2>nul
if errorlevel 1 (
  echo The plugin alicloud-vod needs Node.js 20.19 or newer, and no node is on the PATH. Install Node.js from https://nodejs.org. 1>&2
  exit /b 1
)
node "%~dp0plugin.js" %*
