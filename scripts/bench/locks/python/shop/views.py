import io

from django.http import HttpResponse
from PIL import Image

RELEASE = 0


def home(request):
    return HttpResponse(f"release {RELEASE}")


def thumbnail(request, width):
    picture = io.BytesIO()
    Image.new("RGB", (min(width, 512), 64), "navy").save(picture, "WEBP")
    return HttpResponse(picture.getvalue(), content_type="image/webp")
