// No resource at all: the floor, under which no other program can come.
