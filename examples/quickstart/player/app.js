document.title = "Player, version 1";
