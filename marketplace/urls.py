urlpatterns: list[object] = []
aliases: list[object] = []
